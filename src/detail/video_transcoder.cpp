#include "detail/video_transcoder.hpp"

#include "codec/encoder_setup.hpp"
#include "detail/try.hpp"

#include <utility>

namespace clipbuf::detail {
namespace {

VideoCodec::Options with_colors(VideoCodec::Options options, const Track& like) {
  const std::string colors = color_options(like);
  if (!colors.empty()) options.extra += (options.extra.empty() ? "" : ":") + colors;
  return options;
}

}  // namespace

VideoTranscoder::VideoTranscoder(VideoCodec::Options options, const Track& like, PacketSink sink)
    : codec_(with_colors(std::move(options), like)), like_(like), sink_(std::move(sink)) {}

Result<void> VideoTranscoder::begin(std::unique_ptr<Decoder> decoder, const Track& track) {
  CLIPBUF_TRY(drain_decoder());
  decoder_ = std::move(decoder);
  source_ = track;
  return {};
}

Result<void> VideoTranscoder::drain_decoder() {
  if (!decoder_) return {};
  CLIPBUF_TRY(
      decoder_->flush([this](const FrameView& view, std::int64_t pts) { return take(view, pts); }));
  undecodable_ += static_cast<std::int64_t>(wanted_.size());
  wanted_.clear();
  return {};
}

Result<void> VideoTranscoder::push(const Packet& packet, bool shown) {
  if (shown) wanted_.insert(packet.pts);
  auto decoded = decoder_->decode(
      packet, [this](const FrameView& view, std::int64_t pts) { return take(view, pts); });
  // A packet that can't be decoded costs its picture, not the clip; the report counts what is
  // missing.
  if (!decoded && decoded.error().code != Errc::kCorruptData) return decoded;
  return {};
}

// Another size than the stream's: a camera changed its mind between two runs.
Result<FrameView> VideoTranscoder::fitted(const FrameView& view) {
  if (view.width == like_.width && view.height == like_.height) return view;
  const AvFramePtr source = av_frame_over(view);
  if (!source) return Error{Errc::kUnsupported, "can't scale this picture"};
  CLIPBUF_TRY(
      scaler_.convert(*source, {like_.width, like_.height, source->format, view.range}, scaled_));
  return view_of(*scaled_);
}

Result<void> VideoTranscoder::take(const FrameView& view, std::int64_t pts) {
  const auto wanted = wanted_.find(pts);
  if (wanted == wanted_.end()) return {};
  wanted_.erase(wanted);
  CLIPBUF_TRY_SET(FrameView frame, fitted(view));
  const std::int64_t us = std::max(to_duration(pts, like_.time_base).count(), last_us_ + 1);
  last_us_ = us;
  ticks_[us] = pts;
  frame.timestamp = Timestamp(Duration(us));
  const bool key = std::exchange(fresh_, false);
  ++frames_;
  return codec_.encode(frame, {key}, [this](const Packet& packet) { return emit(packet); });
}

Result<void> VideoTranscoder::emit(const Packet& encoded) {
  Packet packet = encoded;
  const auto exact = [this](std::int64_t us) {
    const auto found = ticks_.find(us);
    return found != ticks_.end() ? found->second : to_ticks(Duration(us), like_.time_base);
  };
  packet.pts = exact(encoded.pts);
  packet.dts = std::min(exact(encoded.dts), packet.pts);
  packet.duration = to_ticks(Duration(encoded.duration), like_.time_base);
  ticks_.erase(ticks_.begin(), ticks_.lower_bound(encoded.dts));
  return sink_(packet);
}

Result<void> VideoTranscoder::flush() {
  CLIPBUF_TRY(drain_decoder());
  decoder_.reset();
  fresh_ = true;
  return codec_.flush([this](const Packet& packet) { return emit(packet); });
}

Track VideoTranscoder::track() const {
  Track track = codec_.track();
  track.time_base = like_.time_base;
  track.frame_rate = like_.frame_rate;
  track.sample_aspect_ratio = like_.sample_aspect_ratio;
  track.display_matrix = like_.display_matrix;
  return track;
}

}  // namespace clipbuf::detail
