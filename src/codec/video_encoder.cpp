#include "codec/video_encoder.hpp"

#include "detail/try.hpp"

#include <algorithm>

namespace clipbuf::detail {
namespace {

std::int64_t count(Timestamp t) noexcept {
  return t.time_since_epoch().count();
}

}  // namespace

VideoEncoder::VideoEncoder(AvCodecContextPtr context, const EncoderInput& input,
                           const FrameView& view, const VideoCodec::Options& options)
    : context_(std::move(context)),
      packet_(av_packet_alloc()),
      source_(av_frame_alloc()),
      input_(input),
      like_(view),
      key_interval_(options.key_interval) {}

Result<std::unique_ptr<VideoEncoder>> VideoEncoder::open(const AVCodec& codec,
                                                         const VideoCodec::Options& options,
                                                         const FrameView& view) {
  CLIPBUF_TRY_SET(EncoderInput input, choose_input(codec, options, view));
  CLIPBUF_TRY_SET(AvCodecContextPtr context, open_encoder(codec, options, input));
  // Options in the encoder's own words may have changed the colours.
  input.range = static_cast<ColorRange>(context->color_range);
  input.matrix = context->colorspace;
  std::unique_ptr<VideoEncoder> encoder(new VideoEncoder(std::move(context), input, view, options));
  if (encoder->packet_ == nullptr || encoder->source_ == nullptr)
    return Error{Errc::kOutOfMemory, std::string("no memory for ") + codec.name};
  CLIPBUF_TRY(encoder->describe());
  return encoder;
}

Result<void> VideoEncoder::describe() {
  AvCodecParametersPtr parameters(avcodec_parameters_alloc());
  if (parameters == nullptr) return Error{Errc::kOutOfMemory, "no memory for codec parameters"};
  const int code = avcodec_parameters_from_context(parameters.get(), context_.get());
  if (code < 0) return av_error(code, context_->codec->name, Errc::kCodecFailed);
  track_ = track_from(*parameters, {1, 1'000'000});
  track_.frame_rate = from_av(context_->framerate);
  track_.sample_aspect_ratio = {0, 1};
  return {};
}

bool VideoEncoder::fits(const FrameView& view) const noexcept {
  return view.format == like_.format && view.width == like_.width && view.height == like_.height &&
         view.range == like_.range;
}

/// At the frame that is nearest to the interval: half a frame early rather than a whole one late.
bool VideoEncoder::key_is_due(Timestamp now) const noexcept {
  const Duration half_frame = (now - last_) / 2;
  return now - last_key_ + half_frame >= key_interval_;
}

std::int64_t VideoEncoder::ticks_of(Timestamp timestamp) const noexcept {
  const std::int64_t ticks = to_ticks(timestamp - origin_, from_av(context_->time_base));
  return std::max(ticks, last_ticks_ + 1);  // two frames within one tick of a coarse time base
}

Result<void> VideoEncoder::prepare(const FrameView& view, bool key) {
  FrameView cropped = view;
  cropped.width = input_.width;
  cropped.height = input_.height;
  source_ = av_frame_over(cropped);
  if (source_ == nullptr) return Error{Errc::kOutOfMemory, "no memory for a frame"};
  source_->colorspace = AVCOL_SPC_UNSPECIFIED;
  CLIPBUF_TRY(scaler_.convert(
      *source_, {input_.width, input_.height, input_.format, input_.range, input_.matrix}, frame_));
  frame_->color_range = context_->color_range;
  frame_->colorspace = context_->colorspace;
  frame_->color_primaries = context_->color_primaries;
  frame_->color_trc = context_->color_trc;
  frame_->quality = context_->global_quality;
  frame_->pict_type = key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
  return {};
}

Result<void> VideoEncoder::encode(const FrameView& frame, bool key, const PacketSink& sink) {
  if (!started_) origin_ = frame.timestamp;
  const bool make_key = key || !started_ || key_is_due(frame.timestamp);
  CLIPBUF_TRY(prepare(frame, make_key));
  frame_->pts = ticks_of(frame.timestamp);
  const int code = avcodec_send_frame(context_.get(), frame_.get());
  if (code < 0)
    return av_error(code, std::string("encoding with ") + context_->codec->name,
                    Errc::kCodecFailed);
  pending_.push_back({frame_->pts, count(frame.timestamp)});
  last_ticks_ = frame_->pts;
  last_ = frame.timestamp;
  if (make_key) last_key_ = frame.timestamp;
  started_ = true;
  return receive(sink);
}

Result<void> VideoEncoder::receive(const PacketSink& sink) {
  // A packet that the sink refuses is lost; those after it are not.
  Result<void> first_error;
  for (;;) {
    const int code = avcodec_receive_packet(context_.get(), packet_.get());
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return first_error;
    if (code < 0)
      return av_error(code, std::string("encoding with ") + context_->codec->name,
                      Errc::kCodecFailed);
    Result<void> emitted = emit(sink);
    av_packet_unref(packet_.get());
    if (!emitted && first_error) first_error = std::move(emitted);
  }
}

Result<void> VideoEncoder::emit(const PacketSink& sink) {
  std::size_t extradata_size = 0;
  const std::uint8_t* extradata =
      av_packet_get_side_data(packet_.get(), AV_PKT_DATA_NEW_EXTRADATA, &extradata_size);
  if (extradata != nullptr && extradata_size > 0) {
    const auto* begin = reinterpret_cast<const std::byte*>(extradata);
    track_.extradata.assign(begin, begin + extradata_size);
  }
  const auto found = std::find_if(pending_.begin(), pending_.end(),
                                  [&](const Pending& p) { return p.ticks == packet_->pts; });
  if (found == pending_.end())
    return Error{Errc::kCodecFailed,
                 std::string(context_->codec->name) + " made a picture that nobody gave it"};
  Packet packet;
  packet.pts = found->us;
  pending_.erase(found);
  // The exact pts where both are the same, so that a coarse time base doesn't tear them apart.
  packet.dts =
      packet_->dts == packet_->pts || packet_->dts == AV_NOPTS_VALUE
          ? packet.pts
          : count(origin_) + to_duration(packet_->dts, from_av(context_->time_base)).count();
  if (last_dts_ != kNoTicks) packet.dts = std::max(packet.dts, last_dts_ + 1);
  if (packet.dts > packet.pts)
    return Error{Errc::kCodecFailed,
                 std::string(context_->codec->name) + " made a packet too late"};
  last_dts_ = packet.dts;
  packet.key = (packet_->flags & AV_PKT_FLAG_KEY) != 0;
  if (packet.key) last_key_ = std::max(last_key_, Timestamp(Duration(packet.pts)));
  packet.data =
      std::as_bytes(std::span(packet_->data, static_cast<std::size_t>(std::max(packet_->size, 0))));
  return sink(packet);
}

Result<bool> VideoEncoder::drain(const PacketSink& sink) {
  if (pending_.empty()) return true;
  const int code = avcodec_send_frame(context_.get(), nullptr);
  if (code < 0 && code != AVERROR_EOF)
    return av_error(code, std::string("ending ") + context_->codec->name, Errc::kCodecFailed);
  CLIPBUF_TRY(receive(sink));
  return false;
}

}  // namespace clipbuf::detail
