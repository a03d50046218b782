// Pictures with a palette into the bytes of a GIF, through libavcodec and libavformat.
#pragma once

#include "detail/av_ptr.hpp"
#include "detail/dynamic_io_ptr.hpp"

#include <clipbuf/error.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace clipbuf::detail {

/// One GIF in the making, in memory. Thread word: bound.
class GifWriter {
 public:
  /// Errors: kUnsupported (this FFmpeg was built without GIF), kCodecFailed, kOutOfMemory.
  static Result<GifWriter> open(int width, int height);

  /// `frame` is PAL8 and shown from `begin_cs`, centiseconds, on. Requires: begin_cs rises.
  Result<void> write(AVFrame& frame, std::int64_t begin_cs);

  /// Ends it, the last frame having been shown for `last_cs`.
  Result<std::vector<std::byte>> finish(std::int64_t last_cs);

 private:
  GifWriter() = default;
  Result<void> open_encoder(int width, int height);
  Result<void> open_muxer();
  Result<void> receive();

  AvDynamicIoPtr bytes_;  // outlives the muxer that writes to it
  AvOutputPtr muxer_;
  AvCodecContextPtr encoder_;
  AvPacketPtr packet_;
};

}  // namespace clipbuf::detail
