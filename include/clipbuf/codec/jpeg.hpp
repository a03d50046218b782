// JpegCodec: every frame a JPEG, by TurboJPEG.
#pragma once

#include <clipbuf/codec.hpp>

namespace clipbuf {

/// How the chroma planes are sampled.
enum class JpegSubsampling : std::int32_t { k420 = 0, k422 = 1, k444 = 2 };

/// Stores each frame as a baseline JPEG. Every packet is a key; the track is "mjpeg".
class CLIPBUF_API JpegCodec {
 public:
  struct Options {
    int quality = 85;  ///< 1 (smallest) to 100
    JpegSubsampling subsampling = JpegSubsampling::k420;
  };
  JpegCodec() : JpegCodec(Options{}) {}
  explicit JpegCodec(Options options);
  JpegCodec(JpegCodec&&) noexcept;
  JpegCodec& operator=(JpegCodec&&) noexcept;
  ~JpegCodec();

  Result<void> encode(const FrameView& frame, EncodeHint hint, const PacketSink& sink);
  Result<void> flush(const PacketSink& sink);
  const Track& track() const noexcept;
  Result<std::unique_ptr<Decoder>> decoder(const Track& track) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace clipbuf
