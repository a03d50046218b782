#include "detail/picture_clips.hpp"

#include "detail/deferred_muxer.hpp"
#include "detail/gif.hpp"
#include "detail/placeholder.hpp"
#include "detail/poster.hpp"
#include "detail/try.hpp"

#include <clipbuf/codec/video.hpp>

#include <algorithm>

namespace clipbuf::detail {
namespace {

constexpr int kPlaceholderWidth = 640;
constexpr int kPlaceholderHeight = 360;
constexpr Duration kPlaceholderStep = std::chrono::seconds(1);
constexpr Duration kPlaceholderLongest = std::chrono::hours(1);

using Matrix = std::array<std::int32_t, 9>;

Result<ClipReport> write_poster(FrameReader frames, const Matrix& matrix, ClipReport report,
                                int quality, ByteTarget& target) {
  CLIPBUF_TRY_SET(const std::optional<Frame> frame, frames.next());
  if (!frame) return Error{Errc::kNothingInRange, "no frame in range can be decoded"};
  CLIPBUF_TRY_SET(const auto jpeg, encode_jpeg(frame->view(), quality, matrix));
  CLIPBUF_TRY(target.write_at(0, jpeg));
  report.frames = report.reencoded_frames = 1;
  report.bytes = jpeg.size();
  report.delivered = {frame->timestamp(), frame->timestamp() + Duration(1)};
  return report;
}

Result<ClipReport> write_gif(FrameReader frames, const Matrix& matrix, ClipReport report,
                             ByteTarget& target, const Step& step) {
  Result<void> stopped;
  const auto progress = [&](double fraction) {
    stopped = step(fraction);
    return stopped.has_value();
  };
  const auto next = [&]() -> Result<std::optional<Frame>> {
    CLIPBUF_TRY_SET(std::optional<Frame> frame, frames.next());
    if (!frame) return frame;
    CLIPBUF_TRY_SET(frame, upright(*frame, matrix));
    return frame;
  };
  auto gif = encode_gif(next, report.delivered.length(), progress, &report.frames);
  CLIPBUF_TRY(std::move(stopped));
  if (!gif) return std::move(gif).error();
  CLIPBUF_TRY(target.write_at(0, *gif));
  report.reencoded_frames = report.frames;
  report.bytes = gif->size();
  return report;
}

}  // namespace

Result<ClipReport> write_pictures(const Snapshot& snapshot, Container container,
                                  const SaveOptions& options, ByteTarget& target,
                                  const Step& step) {
  auto plan = plan_cut(snapshot, {});
  ClipReport report;
  if (plan) {
    report = report_of(snapshot, *plan);
  } else if (plan.error().code != Errc::kNothingInRange || !snapshot.placeholder) {
    return std::move(plan).error();
  }
  report.container = container;
  report.mode = options.mode;
  report.lead_in = Duration{0};
  report.audio_packets = 0;
  report.audio_codec.clear();
  report.video_codec = container == Container::kGif ? "gif" : "mjpeg";
  if (!plan) {
    CLIPBUF_TRY_SET(const Frame frame, placeholder_frame(kPlaceholderWidth, kPlaceholderHeight,
                                                         snapshot.gaps, snapshot.requested));
    CLIPBUF_TRY_SET(const auto jpeg, encode_jpeg(frame.view(), options.quality));
    CLIPBUF_TRY(target.write_at(0, jpeg));
    report.requested = snapshot.requested;
    report.gaps = snapshot.gaps;
    report.placeholder = true;
    report.video_codec = "mjpeg";
    report.bytes = jpeg.size();
    return report;
  }
  const PixelFormat format =
      container == Container::kGif ? PixelFormat::kBgra : PixelFormat::kUnknown;
  CLIPBUF_TRY_SET(FrameReader frames, read_frames(std::make_shared<const Snapshot>(snapshot),
                                                  snapshot.requested, format));
  const Matrix& matrix = plan->streams[0].track.display_matrix;
  if (container == Container::kGif) {
    return write_gif(std::move(frames), matrix, std::move(report), target, step);
  }
  return write_poster(std::move(frames), matrix, std::move(report), options.quality, target);
}

Result<ClipReport> write_placeholder(const Snapshot& snapshot, const ContainerInfo& container,
                                     const SaveOptions& options, ByteTarget& target,
                                     const Step& step) {
  CLIPBUF_TRY_SET(const Frame frame, placeholder_frame(kPlaceholderWidth, kPlaceholderHeight,
                                                       snapshot.gaps, snapshot.requested));
  const Duration length =
      std::clamp(snapshot.requested.length(), kPlaceholderStep, kPlaceholderLongest);
  MuxOptions mux;
  mux.container = &container;
  mux.creation = snapshot.requested.begin;
  mux.metadata["comment"] = "clipbuf placeholder: nothing was recorded between " +
                            to_string(snapshot.requested.begin) + " and " +
                            to_string(snapshot.requested.end);
  const auto count = static_cast<std::size_t>(length / kPlaceholderStep) + 1;
  mux.head_bytes = container.edit_lists ? head_bytes_for({count + 16, 0, 1 << 20, 4096}) : 0;
  DeferredMuxer muxer(mux, target, 1);
  VideoCodec::Options encoder;
  encoder.encoder =
      options.encoder == "auto" ? std::string(container.encode_video) : options.encoder;
  encoder.key_interval = std::chrono::minutes(1);
  encoder.frame_rate = {1, 1};
  encoder.pixel_format = "yuv420p";
  VideoCodec codec(encoder);
  const auto sink = [&](const Packet& packet) -> Result<void> {
    if (!muxer.has_track(0)) CLIPBUF_TRY(muxer.set_track(0, codec.track()));
    return muxer.write(packet);
  };
  ClipReport report;
  for (Duration at{0}; at < length; at += kPlaceholderStep, ++report.frames) {
    CLIPBUF_TRY(step(static_cast<double>(at.count()) / static_cast<double>(length.count())));
    FrameView view = frame.view();
    view.timestamp = Timestamp(at);
    CLIPBUF_TRY(codec.encode(view, {at == Duration{0}}, sink));
  }
  CLIPBUF_TRY(codec.flush(sink));
  const std::int64_t ticks[] = {length.count()};
  CLIPBUF_TRY(muxer.finish(ticks));
  report.requested = snapshot.requested;
  report.delivered = {snapshot.requested.begin, snapshot.requested.begin};
  report.gaps = snapshot.gaps;
  report.mode = options.mode;
  report.container = container.container;
  report.reencoded_frames = report.frames;
  report.bytes = muxer.bytes();
  report.video_codec = codec.track().codec;
  report.placeholder = true;
  report.note = "nothing in range: a placeholder";
  return report;
}

}  // namespace clipbuf::detail
