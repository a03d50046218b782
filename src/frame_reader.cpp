#include "detail/scale.hpp"
#include "detail/snapshot.hpp"
#include "detail/try.hpp"

#include <deque>
#include <map>
#include <new>
#include <set>

namespace clipbuf {

using detail::SegmentEntry;
using detail::Snapshot;

/// Pulls packets through a decoder until a picture in range falls out. Each run has its own
/// decoder.
struct FrameReader::Impl {
  Impl(std::shared_ptr<const Snapshot> s, TimeRange r, PixelFormat f)
      : snapshot(std::move(s)), range(r), format(f) {}

  const std::vector<SegmentEntry>& segments() const noexcept { return snapshot->segments; }
  const SegmentEntry& entry() const noexcept { return segments()[index]; }
  const Track& track() const noexcept { return *run->tracks[run->main_track]; }

  std::size_t first_needed(std::size_t from) const;
  bool nothing_left_from(std::size_t from) const;
  Result<bool> step();
  Result<void> begin_run();
  Result<void> end_run();
  Result<bool> begin_segment();
  Result<void> decode(const Packet& packet);
  Result<void> tolerate(Result<void> decoded);
  Result<void> take(const FrameView& picture, std::int64_t pts);
  Result<Frame> own(const FrameView& picture);
  Duration offset_of(std::int64_t pts);

  std::shared_ptr<const Snapshot> snapshot;
  TimeRange range;
  PixelFormat format;

  std::size_t index = 0;                   // the segment being read, or to be read next
  std::shared_ptr<const detail::Run> run;  // of `decoder`
  std::unique_ptr<Decoder> decoder;
  std::unique_ptr<PacketReader> packets;
  Duration recovered{0};               // media; pictures before it are broken: decoding began here
  std::multiset<std::int64_t> hidden;  // pts of pictures to be decoded but not shown
  std::map<std::int64_t, Duration> offsets;  // pts -> to_wall of the segment its packet was in
  bool past_end = false;                     // a picture after the range has come out
  std::deque<Frame> ready;
  bool any = false;
  std::optional<Error> first_error;
  detail::Scaler scaler;
};

/// The last segment of the same run from which everything in range can be decoded.
std::size_t FrameReader::Impl::first_needed(std::size_t from) const {
  std::size_t first = from;
  for (std::size_t i = from; i < segments().size() && segments()[i].run == segments()[from].run;
       ++i)
    if (segments()[i].wall(segments()[i].recovered) <= range.begin) first = i;
  return first;
}

/// Pictures come in order, so after one past the end only a clock that was set back brings more.
bool FrameReader::Impl::nothing_left_from(std::size_t from) const {
  if (!past_end) return false;
  for (std::size_t i = from; i < segments().size() && segments()[i].run == run; ++i)
    if (segments()[i].wall(segments()[i].begin) < range.end) return false;
  return true;
}

Result<void> FrameReader::Impl::begin_run() {
  index = first_needed(index);
  run = entry().run;
  recovered = entry().recovered;
  past_end = false;
  offsets.clear();
  if (run->main_track >= run->tracks.size() || track().kind != TrackKind::kVideo) return {};
  CLIPBUF_TRY_SET(decoder, snapshot->decoder(track()));
  return {};
}

Result<void> FrameReader::Impl::end_run() {
  packets.reset();
  if (decoder == nullptr) return {};
  const auto sink = [this](const FrameView& picture, std::int64_t pts) {
    return take(picture, pts);
  };
  Result<void> flushed = tolerate(decoder->flush(sink));
  decoder.reset();
  return flushed;
}

/// Opens the next segment, and its run if that is another; false: there is none.
Result<bool> FrameReader::Impl::begin_segment() {
  const bool same_run = index < segments().size() && run != nullptr && entry().run == run;
  if (!same_run) {
    CLIPBUF_TRY(end_run());
    run.reset();
    if (index >= segments().size()) return false;
    CLIPBUF_TRY(begin_run());
  }
  const bool skip = decoder == nullptr || entry().segment == nullptr || nothing_left_from(index);
  if (!skip) {
    CLIPBUF_TRY_SET(packets, entry().segment->read());
  } else {
    ++index;
  }
  return true;
}

/// Goes on by one packet or one segment; false when all is done.
Result<bool> FrameReader::Impl::step() {
  if (packets == nullptr) return begin_segment();
  const Packet* packet = nullptr;
  if (!nothing_left_from(index + 1)) {
    CLIPBUF_TRY_SET(packet, packets->next());
  }
  if (packet == nullptr) {
    packets.reset();
    ++index;
    return true;
  }
  if (packet->track == run->main_track) CLIPBUF_TRY(decode(*packet));
  return true;
}

Result<void> FrameReader::Impl::decode(const Packet& packet) {
  offsets[packet.pts] = entry().to_wall;
  if (packet.hidden) hidden.insert(packet.pts);
  const auto sink = [this](const FrameView& picture, std::int64_t pts) {
    return take(picture, pts);
  };
  return tolerate(decoder->decode(packet, sink));
}

/// A broken packet costs its picture, not the ones after it.
Result<void> FrameReader::Impl::tolerate(Result<void> decoded) {
  if (decoded || decoded.error().code != Errc::kCorruptData) return decoded;
  if (!first_error) first_error = std::move(decoded).error();
  return {};
}

/// Pictures leave the decoder up to a segment after their packets went in.
Duration FrameReader::Impl::offset_of(std::int64_t pts) {
  const auto after = offsets.upper_bound(pts);
  if (after == offsets.begin())
    return offsets.empty() ? segments()[std::min(index, segments().size() - 1)].to_wall
                           : offsets.begin()->second;
  const Duration offset = std::prev(after)->second;
  offsets.erase(offsets.begin(), std::prev(after));
  return offset;
}

Result<void> FrameReader::Impl::take(const FrameView& picture, std::int64_t pts) {
  if (pts == kNoTicks) return {};
  const Duration media = to_duration(pts, track().time_base);
  const Timestamp wall(media + offset_of(pts));
  past_end = past_end || wall >= range.end;
  if (hidden.erase(pts) > 0 || !range.contains(wall) || media < recovered) return {};
  CLIPBUF_TRY_SET(Frame frame, own(picture));
  frame.set_timestamp(wall);
  ready.push_back(std::move(frame));
  any = true;
  return {};
}

Result<Frame> FrameReader::Impl::own(const FrameView& picture) {
  FrameView view = picture;
  if (view.range == ColorRange::kUnspecified) view.range = track().color_range;
  if (format == PixelFormat::kUnknown || format == view.format) return Frame::copy_of(view);
  const detail::AvFramePtr source = detail::av_frame_over(view);
  if (source == nullptr) return Error{Errc::kOutOfMemory, "no memory for a frame"};
  source->colorspace = static_cast<AVColorSpace>(track().color_matrix);
  detail::AvFramePtr target;
  CLIPBUF_TRY(scaler.convert(*source, {view.width, view.height, detail::pixel_format_to_av(format)},
                             target));
  return detail::frame_of(std::move(target));
}

FrameReader::FrameReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FrameReader::FrameReader(FrameReader&&) noexcept = default;
FrameReader& FrameReader::operator=(FrameReader&&) noexcept = default;
FrameReader::~FrameReader() = default;

Result<std::optional<Frame>> FrameReader::next() try {
  Impl& impl = *impl_;
  while (impl.ready.empty()) {
    CLIPBUF_TRY_SET(const bool more, impl.step());
    if (more || !impl.ready.empty()) continue;
    if (!impl.any && impl.first_error) return Error{Errc::kCodecFailed, impl.first_error->message};
    return std::optional<Frame>();
  }
  std::optional<Frame> frame(std::move(impl.ready.front()));
  impl.ready.pop_front();
  return frame;
} catch (const std::bad_alloc&) {
  return Error{Errc::kOutOfMemory, "no memory for a frame"};
}

namespace detail {

Result<FrameReader> read_frames(std::shared_ptr<const Snapshot> snapshot, TimeRange range,
                                PixelFormat format) try {
  if (snapshot == nullptr || !snapshot->decoder)
    return Error{Errc::kInvalidArgument, "a snapshot that can't be decoded"};
  if (format != PixelFormat::kUnknown && pixel_format_to_av(format) < 0)
    return Error{Errc::kInvalidArgument,
                 "no pixel format has number " + std::to_string(static_cast<int>(format))};
  return FrameReader(std::make_unique<FrameReader::Impl>(std::move(snapshot), range, format));
} catch (const std::bad_alloc&) {
  return Error{Errc::kOutOfMemory, "no memory for a frame reader"};
}

}  // namespace detail
}  // namespace clipbuf
