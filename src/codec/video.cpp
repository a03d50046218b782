#include <clipbuf/codec/video.hpp>

#include "codec/probe.hpp"
#include "codec/video_encoder.hpp"
#include "detail/try.hpp"

#include <new>

namespace clipbuf {

struct VideoCodec::Impl {
  explicit Impl(Options o) : options(std::move(o)) {}

  Result<void> check_options() const;
  Result<void> close(const PacketSink& sink);
  Result<void> open(const FrameView& frame);
  Result<void> encode(const FrameView& frame, EncodeHint hint, const PacketSink& sink);

  Options options;
  const AVCodec* codec = nullptr;  // found at the first frame; trying encoders takes a while
  std::unique_ptr<detail::VideoEncoder> encoder;
  bool restart = false;  // flushed: the next frame begins anew, at any time
  bool used = false;     // the encoder has taken a frame
  Track track;
};

Result<void> VideoCodec::Impl::check_options() const {
  if (options.quality < 0 || options.quality > 51)
    return Error{Errc::kInvalidArgument,
                 "a quality of " + std::to_string(options.quality) + ", must be 0 to 51"};
  if (options.bit_rate < 0 || options.max_b_frames < 0 || options.threads < 0 ||
      options.key_interval < Duration{0} || options.frame_rate.num < 0 ||
      options.frame_rate.den < 1)
    return Error{Errc::kInvalidArgument,
                 "bit rate, B-frames, threads, key interval and frame rate can't be negative"};
  return {};
}

/// Ends the encoder; what it still holds comes out.
Result<void> VideoCodec::Impl::close(const PacketSink& sink) {
  if (encoder == nullptr) return {};
  Result<bool> drained = encoder->drain(sink);
  encoder.reset();
  if (!drained) return std::move(drained).error();
  return {};
}

Result<void> VideoCodec::Impl::open(const FrameView& frame) {
  if (codec == nullptr) {
    CLIPBUF_TRY_SET(codec, detail::find_encoder(options.encoder));
  }
  CLIPBUF_TRY_SET(encoder, detail::VideoEncoder::open(*codec, options, frame));
  track = encoder->track();
  used = false;
  return {};
}

Result<void> VideoCodec::Impl::encode(const FrameView& frame, EncodeHint hint,
                                      const PacketSink& sink) {
  CLIPBUF_TRY(check_options());
  CLIPBUF_TRY(frame.validate());
  const bool rises = !used || frame.timestamp > encoder->last();
  if (encoder != nullptr && !rises && !restart && !hint.key)
    return Error{Errc::kInvalidArgument,
                 "a frame at " + std::to_string(frame.timestamp.time_since_epoch().count()) +
                     " us does not come after the last one, at " +
                     std::to_string(encoder->last().time_since_epoch().count()) + " us"};
  if (encoder != nullptr && (!rises || !encoder->fits(frame))) CLIPBUF_TRY(close(sink));
  if (encoder == nullptr) CLIPBUF_TRY(open(frame));
  const auto emit = [&](const Packet& packet) -> Result<void> {
    if (track.extradata.size() != encoder->track().extradata.size()) track = encoder->track();
    return sink(packet);
  };
  Result<void> encoded = encoder->encode(frame, hint.key || restart, emit);
  if (!encoded && encoded.error().code == Errc::kCodecFailed) {
    encoder.reset();  // nobody knows what state it is in; the next frame gets a new one
    used = false;
    return encoded;
  }
  used = true;
  restart = false;
  return encoded;
}

static_assert(Codec<VideoCodec>);

VideoCodec::VideoCodec(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
VideoCodec::VideoCodec(VideoCodec&&) noexcept = default;
VideoCodec& VideoCodec::operator=(VideoCodec&&) noexcept = default;
VideoCodec::~VideoCodec() = default;

Result<void> VideoCodec::encode(const FrameView& frame, EncodeHint hint,
                                const PacketSink& sink) try {
  return impl_->encode(frame, hint, sink);
} catch (const std::bad_alloc&) {
  return Error{Errc::kOutOfMemory, "no memory to encode a frame"};
}

Result<void> VideoCodec::flush(const PacketSink& sink) {
  Impl& impl = *impl_;
  if (impl.encoder == nullptr) return {};
  Result<bool> usable = impl.encoder->drain(sink);
  impl.restart = true;
  if (!usable || !*usable) {
    impl.encoder.reset();
    impl.used = false;
  }
  if (!usable) return std::move(usable).error();
  return {};
}

const Track& VideoCodec::track() const noexcept {
  return impl_->track;
}

Result<std::unique_ptr<Decoder>> VideoCodec::decoder(const Track& track) const {
  return make_decoder(track);
}

}  // namespace clipbuf
