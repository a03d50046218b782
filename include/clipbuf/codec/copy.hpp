// CopyCodec: for sources that deliver packets; frames are refused.
#pragma once

#include <clipbuf/codec.hpp>

namespace clipbuf {

/// Packets pass through as they came; decoding is FFmpeg's. encode() is kUnsupported.
class CLIPBUF_API CopyCodec {
 public:
  struct Options {};
  CopyCodec() = default;
  explicit CopyCodec(Options) {}

  Result<void> encode(const FrameView& frame, EncodeHint hint, const PacketSink& sink);
  Result<void> flush(const PacketSink& sink);
  const Track& track() const noexcept { return track_; }
  Result<std::unique_ptr<Decoder>> decoder(const Track& track) const;

 private:
  Track track_;
};

}  // namespace clipbuf
