// One libavcodec encoder, open for one kind of picture.
#pragma once

#include "codec/encoder_setup.hpp"
#include "detail/scale.hpp"

#include <clipbuf/codec/video.hpp>

#include <deque>

namespace clipbuf::detail {

/// Encodes pictures of one format, size and range. Thread word: bound.
class VideoEncoder {
 public:
  /// Opens `codec` for pictures like `view`. Errors: as choose_input() and open_encoder().
  static Result<std::unique_ptr<VideoEncoder>> open(const AVCodec& codec,
                                                    const VideoCodec::Options& options,
                                                    const FrameView& view);

  /// Whether `view` is of the kind it was opened for.
  bool fits(const FrameView& view) const noexcept;

  /// As the concept Codec says. Requires: fits(frame), and timestamps that rise.
  Result<void> encode(const FrameView& frame, bool key, const PacketSink& sink);

  /// Emits what is held back. Afterwards it encodes on only if it returns true: else it is used up.
  Result<bool> drain(const PacketSink& sink);

  Timestamp last() const noexcept { return last_; }

  /// Right from the first packet on.
  const Track& track() const noexcept { return track_; }

 private:
  struct Pending {
    std::int64_t ticks;
    std::int64_t us;
  };

  VideoEncoder(AvCodecContextPtr context, const EncoderInput& input, const FrameView& view,
               const VideoCodec::Options& options);
  Result<void> prepare(const FrameView& view, bool key);
  bool key_is_due(Timestamp now) const noexcept;
  std::int64_t ticks_of(Timestamp timestamp) const noexcept;
  Result<void> receive(const PacketSink& sink);
  Result<void> emit(const PacketSink& sink);
  Result<void> describe();

  AvCodecContextPtr context_;
  AvPacketPtr packet_;
  AvFramePtr source_;
  AvFramePtr frame_;
  Scaler scaler_;
  EncoderInput input_;
  FrameView like_;  // the kind of picture it was opened for
  Duration key_interval_;
  Track track_;
  std::deque<Pending> pending_;  // pictures inside the encoder, in presentation order
  Timestamp origin_{};  // encoders get small numbers; some can't count microseconds since 1970
  Timestamp last_{};
  Timestamp last_key_{};
  bool started_ = false;
  std::int64_t last_ticks_ = -1;
  std::int64_t last_dts_ = kNoTicks;
};

}  // namespace clipbuf::detail
