// What becomes of FFmpeg's own log lines.
#pragma once

#include "detail/av_ptr.hpp"

namespace clipbuf::detail {

/// Added to the level of every line of our codec contexts, so that FFmpeg's default callback, which
/// prints to stderr, leaves them out: the library never prints. route_ffmpeg_logs() takes it off
/// again. Only codec contexts have such an offset; what libavformat and swscale log is up to the
/// host.
inline constexpr int kQuietLogOffset = 64;

inline void quiet(AVCodecContext& context) noexcept {
  context.log_level_offset = kQuietLogOffset;
}

}  // namespace clipbuf::detail
