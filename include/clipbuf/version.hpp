// Which clipbuf this is, and what it was built and runs with.
#pragma once

#include <clipbuf/export.hpp>

#include <string>

namespace clipbuf {

/// "0.1.0", of the library that runs.
CLIPBUF_API const char* version() noexcept;

/// The FFmpeg that runs.
struct FfmpegInfo {
  std::string version;  ///< "5.1.9-0+deb12u1"
  std::string license;  ///< "GPL version 2 or later": decides how a distributed program is licensed
  bool matches = true;  ///< its libavcodec has the major version clipbuf was compiled for
};
CLIPBUF_API FfmpegInfo ffmpeg_info();

}  // namespace clipbuf
