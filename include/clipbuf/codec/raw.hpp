// RawCodec: pixels as they are.
#pragma once

#include <clipbuf/codec.hpp>

namespace clipbuf {

/// Stores unpadded pixels; costs one copy and the most memory. Any PixelFormat. The track is
/// "rawvideo". A timestamp that doesn't rise is kInvalidArgument, unless a new run begins.
class CLIPBUF_API RawCodec {
 public:
  struct Options {};
  RawCodec() : RawCodec(Options{}) {}
  explicit RawCodec(Options options);

  Result<void> encode(const FrameView& frame, EncodeHint hint, const PacketSink& sink);
  Result<void> flush(const PacketSink& sink);
  const Track& track() const noexcept { return track_; }
  Result<std::unique_ptr<Decoder>> decoder(const Track& track) const;

 private:
  Track track_;
  std::vector<std::byte> scratch_;
  std::int64_t last_ = kNoTicks;
};

}  // namespace clipbuf
