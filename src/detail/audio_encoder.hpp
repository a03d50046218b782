// One of libavcodec's audio encoders, fed with any number of samples at a time.
#pragma once

#include "detail/audio_fifo_ptr.hpp"
#include "detail/av_ptr.hpp"

#include <clipbuf/codec.hpp>

#include <string>
#include <string_view>

namespace clipbuf::detail {

/// What samples look like. The layout is native or unspecified, so it owns nothing.
struct AudioFormat {
  int sample_rate = 0;
  AVChannelLayout layout{};
  AVSampleFormat sample_format = AV_SAMPLE_FMT_NONE;
};

/// The layout itself where it is native, else the default one for that many channels.
AVChannelLayout plain_layout(const AVChannelLayout& layout) noexcept;

/// Cuts a stream of samples into the frames that the encoder takes. Packets count the samples since
/// the output's zero: the first one lies before the first sample by the encoder's priming
/// (initial_padding), and the durations add up to the samples and the priming, so the last one says
/// how much of it is padding. Thread word: bound.
class AudioEncoder {
 public:
  /// The encoder called `name` with the format nearest to `wanted` that it takes.
  /// Errors: kUnsupported (no such encoder), kCodecFailed, kOutOfMemory.
  static Result<std::unique_ptr<AudioEncoder>> open(const std::string& name,
                                                    const AudioFormat& wanted);

  const AudioFormat& format() const noexcept { return format_; }
  const Track& track() const noexcept { return track_; }

  /// The position of the first sample. Requires: none has been pushed.
  void start_at(std::int64_t position) noexcept { position_ = position; }

  /// `planes` are one pointer per channel where the format is planar, else one.
  Result<void> push(const std::uint8_t* const* planes, int samples, const PacketSink& sink);
  Result<void> push_silence(std::int64_t samples, const PacketSink& sink);

  /// Encodes what is left; nothing may be pushed afterwards. Without any sample there is no packet.
  Result<void> flush(const PacketSink& sink);

 private:
  AudioEncoder() = default;
  Result<void> configure(const AVCodec& codec);
  Result<void> encode_queued(int least, const PacketSink& sink);
  Result<void> receive(const PacketSink& sink);
  Result<AvFramePtr> frame_of(int samples) const;

  AudioFormat format_;
  Track track_;
  AvCodecContextPtr context_;
  AvAudioFifoPtr fifo_;
  AvPacketPtr packet_;
  int frame_size_ = 0;
  std::int64_t position_ = 0;  // of the next sample that goes to the encoder
  bool started_ = false;
};

}  // namespace clipbuf::detail
