// VideoCodec: any video encoder of libavcodec, by name.
#pragma once

#include <clipbuf/codec.hpp>

namespace clipbuf {

/// Encodes with a libavcodec encoder. `encoder` is "auto" or "h264" (hardware first, then libx264,
/// libopenh264, mpeg4), a codec ("hevc", "av1", "ffv1", "mjpeg": its first encoder that works), or
/// an encoder's own name ("libx265"). A name in a list proves nothing: each candidate must encode
/// one real frame first; the answer is kept for the life of the process. SVT-AV1 prints to stderr
/// by itself, so "av1" does not choose it unless SVT_LOG is set; "libsvtav1" does.
///
/// RGB, gray and packed pictures become yuv420p, which everything plays, unless the codec is a
/// lossless one; RGB becomes limited range, BT.601 below 720 lines and BT.709 from there, and is
/// tagged so. YUV keeps its range. Where 4:2:0 can't have an odd size (H.264, HEVC, AV1), the
/// picture becomes 4:4:4 if the encoder has that, else the last column or row is dropped. A
/// timestamp that doesn't rise is kInvalidArgument, unless a new run begins.
class CLIPBUF_API VideoCodec {
 public:
  struct Options {
    std::string encoder = "auto";
    std::string preset = "veryfast";  ///< given to encoders that have the option
    int quality = 23;                 ///< constant rate factor where the encoder has one; 0..51
    std::int64_t bit_rate = 0;        ///< bits per second; 0: by quality
    Duration key_interval = std::chrono::seconds(1);  ///< longest distance of key frames
    Rational frame_rate{30, 1};  ///< a hint for rate control; timestamps stay as they are
    int max_b_frames = 0;
    int threads = 0;  ///< 0: the encoder's choice
    /// "key=value:key=value" in FFmpeg's words, for the encoder and for what every encoder has:
    /// "tune=film", "colorspace=bt709:color_primaries=bt709:color_trc=bt709".
    std::string extra{};
    std::string pixel_format{};  ///< FFmpeg's name; empty: nearest the encoder takes
  };
  VideoCodec() : VideoCodec(Options{}) {}
  explicit VideoCodec(Options options);
  VideoCodec(VideoCodec&&) noexcept;
  VideoCodec& operator=(VideoCodec&&) noexcept;
  ~VideoCodec();

  Result<void> encode(const FrameView& frame, EncodeHint hint, const PacketSink& sink);
  Result<void> flush(const PacketSink& sink);
  const Track& track() const noexcept;
  Result<std::unique_ptr<Decoder>> decoder(const Track& track) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One encoder this machine might have.
struct EncoderInfo {
  std::string name;   ///< "libx264"
  std::string codec;  ///< "h264"
  bool hardware = false;
  bool works = false;   ///< it has encoded one real frame here, just now or earlier
  std::string why_not;  ///< one line, when it doesn't work
};

/// Every video encoder that FFmpeg lists for the codecs clipbuf uses, each tried with one frame.
/// Takes up to some seconds the first time.
CLIPBUF_API std::vector<EncoderInfo> probe_encoders();

}  // namespace clipbuf
