#include <clipbuf/version.hpp>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/avutil.h>
}

namespace clipbuf {

const char* version() noexcept {
  return CLIPBUF_VERSION;
}

FfmpegInfo ffmpeg_info() {
  return {av_version_info(), avcodec_license(),
          AV_VERSION_MAJOR(avcodec_version()) == LIBAVCODEC_VERSION_MAJOR};
}

}  // namespace clipbuf
