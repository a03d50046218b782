// Decodes an audio track and encodes it again: cut to the sample, holes filled with silence, in
// sync.
#pragma once

#include "detail/audio_encoder.hpp"

#include <optional>

namespace clipbuf::detail {

/// Any audio that FFmpeg decodes, into AAC, Opus or FLAC. Its output is one unbroken stream of
/// samples that starts at the range's begin: where the input has nothing (before its first packet,
/// in a hole, for a packet that can't be decoded) there is silence; where it repeats itself the
/// first one stays. After the last sample there is nothing: the output may end before the range
/// does.
///
/// A packet's time is believed when it is more than kTolerance away from where counting samples has
/// led; less is jitter, and counting goes on from where it began, so that jitter never adds up.
/// Thread word: bound.
class AudioTranscoder {
 public:
  static constexpr Duration kTolerance =
      std::chrono::milliseconds(15);  // below the shortest usual packet

  /// `encoder` is a libavcodec name: "aac", "libopus", "flac".
  /// Errors: kUnsupported (no such decoder or encoder), kInvalidArgument (no sample rate or
  /// channels), kCodecFailed, kOutOfMemory.
  static Result<std::unique_ptr<AudioTranscoder>> open(const Track& in, std::string_view encoder);
  ~AudioTranscoder();

  /// The output: time base 1/sample_rate, extradata complete, initial_padding the encoder's
  /// priming.
  const Track& track() const noexcept { return encoder_->track(); }

  /// What part of the output's time is wanted, [begin, end), to the nearest sample. The first
  /// packet's pts is `begin` less the priming. Without it: the first 24 hours. Requires: nothing
  /// has been pushed.
  void set_range(Duration begin, Duration end);

  /// Takes one packet in ticks of the input track, shifted so that 0 is the output's zero. What
  /// lies before the range is decoded (the next packet may need it) and cut off. A packet that
  /// can't be decoded is counted, not an error. Errors: the sink's, kCodecFailed, kUnsupported,
  /// kOutOfMemory.
  Result<void> push(const Packet& packet, const PacketSink& sink);

  /// What is pushed from now on is another track: after a reconnect its codec may differ. The
  /// output stays what it is. Errors: those of open(), and push().
  Result<void> change_input(const Track& in, const PacketSink& sink);

  /// Delivers the rest. Nothing may be pushed afterwards. A range without any sample has no packet.
  Result<void> flush(const PacketSink& sink);

  /// How many packets the decoder refused; there is silence in their place.
  std::int64_t undecodable() const noexcept { return undecodable_; }

 private:
  // Samples of one format without a hole between them, and where they go in the output.
  struct Stretch {
    AudioFormat format;
    std::int64_t begin = 0;  // output position of the first sample
    std::int64_t samples_in = 0;
    std::int64_t samples_out = 0;
  };

  AudioTranscoder() = default;
  Result<void> open_decoder(const Track& in);
  Result<void> drain(const PacketSink& sink);
  Result<void> receive(const PacketSink& sink);
  Result<void> take_frame(const AVFrame& frame, const PacketSink& sink);
  Result<void> begin_stretch(const AudioFormat& format, std::int64_t position,
                             const PacketSink& sink);
  Result<void> end_stretch(const PacketSink& sink);
  Result<void> resample(const AVFrame* frame, const PacketSink& sink);
  Result<void> place(const AVFrame& samples, const PacketSink& sink);
  std::int64_t position_of(std::int64_t ticks) const noexcept;
  std::int64_t expected() const noexcept;

  Rational time_base_;
  AvCodecContextPtr decoder_;
  AvPacketPtr packet_;
  AvFramePtr frame_;
  AvFramePtr resampled_;
  SwrPtr resampler_;
  std::optional<Stretch> stretch_;
  std::unique_ptr<AudioEncoder> encoder_;
  std::int64_t next_ = 0;  // output position of the next sample that goes to the encoder
  std::int64_t end_ = 0;
  std::int64_t undecodable_ = 0;
};

}  // namespace clipbuf::detail
