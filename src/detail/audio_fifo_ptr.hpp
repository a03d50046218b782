// The owning pointer of FFmpeg's queue of samples.
#pragma once

extern "C" {
#include <libavutil/audio_fifo.h>
}

#include <memory>

namespace clipbuf::detail {

struct AvAudioFifoDeleter {
  void operator()(AVAudioFifo* p) const noexcept { av_audio_fifo_free(p); }
};
using AvAudioFifoPtr = std::unique_ptr<AVAudioFifo, AvAudioFifoDeleter>;

}  // namespace clipbuf::detail
