#include "detail/cut_plan.hpp"

#include "detail/cut_metas.hpp"
#include "detail/rescale.hpp"
#include "detail/try.hpp"

#include <algorithm>
#include <cstdlib>

namespace clipbuf::detail {
namespace {

using Index = std::size_t;
constexpr Index kNone = std::numeric_limits<Index>::max();
constexpr Index kOpenGroupTail = 16;
constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::max();

// What one run contributes, in its own ticks.
struct Part {
  std::shared_ptr<const Run> run;
  Index begin = 0;  // metas [begin, end)
  Index end = 0;
  TrackId main = 0;
  std::vector<Index> order;     // the main track's metas, in decoding order
  Index first = kNone;          // of `order`: where decoding starts
  Index last = kNone;           // of `order`: the last one that is needed
  std::int64_t zero = 0;        // pts of the first shown frame
  std::int64_t last_shown = 0;  // pts of the last shown frame
  std::int64_t nominal = 0;     // usual distance of frames
  std::int64_t start = 0;       // where `zero` is presented, in ticks of the main stream
};

class Planner {
 public:
  Planner(const Snapshot& snapshot, const CutRequest& request)
      : snapshot_(snapshot), request_(request) {}
  Result<CutPlan> run();

 private:
  bool in_range(const Meta& meta) const {
    return meta.complete && !meta.packet.hidden && snapshot_.requested.contains(meta.wall);
  }
  const Packet& main_packet(const Part& part, Index i) const {
    return metas_[part.order[i]].packet;
  }
  Rational main_base(const Part& part) const { return part.run->tracks[part.main]->time_base; }

  void split_into_parts();
  void select(Part& part, bool first_part);
  std::int64_t recovered_pts(const Part& part, Index key) const;
  Index entry_before(const Part& part, Index first_wanted, std::int64_t earliest) const;
  void close_tail(Part& part) const;
  void measure(Part& part) const;
  std::int64_t natural_end(const Part& part) const;
  std::int64_t shown_end(const Part& part) const;
  void add_streams();
  void add_stream(std::uint16_t at, const Track& track);
  std::uint16_t stream_of(const Part& part, TrackId id) const;
  void place(Part& part, const Part* before);
  bool collapses(const Part& part, const Part& before) const;
  void emit_main(const Part& part, bool last_part);
  void emit_audio(const Part& part, bool first_part, std::int64_t end);
  std::int64_t pre_roll(const Track& track) const;
  void settle_durations();
  void finish();

  const Snapshot& snapshot_;
  const CutRequest& request_;
  std::vector<Meta> metas_;
  std::vector<Part> parts_;
  CutPlan plan_;
  std::vector<std::int64_t> last_dts_;
};

void Planner::split_into_parts() {
  for (Index i = 0; i < metas_.size(); ++i) {
    const auto& run = metas_[i].entry->run;
    if (parts_.empty() || parts_.back().run != run) {
      Part part;
      part.run = run;
      part.begin = i;
      part.main = run->main_track;
      parts_.push_back(std::move(part));
    }
    Part& part = parts_.back();
    part.end = i + 1;
    if (metas_[i].packet.track == part.main) part.order.push_back(i);
  }
}

// The first pts from which decoding that starts at `key` is right. Decoders drop the first pictures
// of an intra refresh, which refer to pictures they don't have, and with them the part that those
// refresh: only the next refresh is whole. B-frames don't count in the stream's own number, so it
// is doubled where there are any.
std::int64_t Planner::recovered_pts(const Part& part, Index key) const {
  const Packet& packet = main_packet(part, key);
  if (packet.recovery == 0) return packet.pts;
  Index next = key + 1;
  while (next < part.order.size() && !main_packet(part, next).key)
    ++next;
  if (next == part.order.size()) return kUnknown;
  if (main_packet(part, next).recovery == 0) return main_packet(part, next).pts;
  const bool reorders = part.run->tracks[part.main]->reorder_depth > 0;
  const Index at = next + Index{main_packet(part, next).recovery} * (reorders ? 2 : 1);
  return at < part.order.size() ? main_packet(part, at).pts : kUnknown;
}

// The latest key from which every picture from `earliest` on decodes right.
Index Planner::entry_before(const Part& part, Index first_wanted, std::int64_t earliest) const {
  for (Index i = first_wanted + 1; i-- > 0;) {
    if (!main_packet(part, i).key || recovered_pts(part, i) > earliest) continue;
    // FFmpeg's decoder, started at a key of an open group just before the end of a file, loses
    // pictures there.
    const bool at_the_end = !metas_[part.order[i]].clean && part.last - i < kOpenGroupTail;
    if (!at_the_end) return i;
  }
  for (Index i = 0; i <= first_wanted; ++i) {  // the run's beginning: nothing better exists
    if (main_packet(part, i).key) return i;
  }
  return kNone;
}

void Planner::select(Part& part, bool first_part) {
  Index first_wanted = kNone;
  std::int64_t earliest = kUnknown;
  for (Index i = 0; i < part.order.size(); ++i) {
    if (!in_range(metas_[part.order[i]])) continue;
    if (first_wanted == kNone) first_wanted = i;
    part.last = i;
    earliest = std::min(earliest, main_packet(part, i).pts);
  }
  if (first_wanted == kNone) return;
  part.first = entry_before(part, first_wanted, earliest);
  if (part.first == kNone) {
    part.last = kNone;
    return;
  }
  part.zero = earliest;
  if (request_.mode == CutMode::kKeyframe && first_part) {
    part.zero = std::min(earliest, recovered_pts(part, part.first));
  }
  if (!request_.hide_video) close_tail(part);
}

// Without an edit list the pictures after the range that others need are shown: then all up to them
// must be.
void Planner::close_tail(Part& part) const {
  for (bool grown = true; grown;) {
    grown = false;
    std::int64_t newest = part.zero;
    for (Index i = part.first; i <= part.last; ++i)
      newest = std::max(newest, main_packet(part, i).pts);
    for (Index i = part.last + 1; i < part.order.size(); ++i) {
      if (main_packet(part, i).pts >= newest) continue;
      part.last = i;
      grown = true;
    }
  }
}

void Planner::measure(Part& part) const {
  std::vector<std::int64_t> shown;
  for (Index i = part.first; i <= part.last; ++i) {
    const std::int64_t pts = main_packet(part, i).pts;
    const bool closed = !request_.hide_video;
    if (pts >= part.zero && !main_packet(part, i).hidden &&
        (closed || metas_[part.order[i]].wall < snapshot_.requested.end))
      shown.push_back(pts);
  }
  std::sort(shown.begin(), shown.end());
  part.last_shown = shown.empty() ? part.zero : shown.back();
  for (Index i = shown.size(); i-- > 1;)
    shown[i] -= shown[i - 1];
  if (shown.size() > 1) {
    const auto middle = shown.begin() + 1 + static_cast<std::ptrdiff_t>((shown.size() - 1) / 2);
    std::nth_element(shown.begin() + 1, middle, shown.end());
    part.nominal = *middle;
  }
  const Track& track = *part.run->tracks[part.main];
  if (part.nominal <= 0) part.nominal = main_packet(part, part.last).duration;
  if (part.nominal <= 0 && track.frame_rate.num > 0) {
    part.nominal = rescale(1, {track.frame_rate.den, track.frame_rate.num}, track.time_base);
  }
  if (part.nominal <= 0)
    part.nominal =
        std::max<std::int64_t>(to_ticks(std::chrono::milliseconds(40), track.time_base), 1);
}

// When the picture after the last shown one is presented, as far as that is known.
std::int64_t Planner::natural_end(const Part& part) const {
  std::int64_t next = kUnknown;
  std::int64_t own = 0;
  for (const Index at : part.order) {
    const Packet& packet = metas_[at].packet;
    if (packet.pts == part.last_shown) own = std::max(own, packet.duration);
    if (packet.pts > part.last_shown) next = std::min(next, packet.pts);
  }
  if (next != kUnknown) return next;
  return part.last_shown + (own > 0 ? own : part.nominal);
}

// When the last shown picture goes: at its natural end, but a long pause is cut where the range
// ends.
std::int64_t Planner::shown_end(const Part& part) const {
  const Meta* last = nullptr;
  for (const Index at : part.order) {
    if (metas_[at].packet.pts == part.last_shown) last = &metas_[at];
  }
  const std::int64_t to_range_end = to_ticks(snapshot_.requested.end - last->wall, main_base(part));
  return std::min(natural_end(part), part.last_shown + std::max(to_range_end, part.nominal));
}

bool same_shape(const Track& a, const Track& b) {
  return a.codec == b.codec && a.width == b.width && a.height == b.height &&
         a.pixel_format == b.pixel_format && a.sample_rate == b.sample_rate &&
         a.channels == b.channels;
}

// The n-th audio track of every part goes into the same stream.
std::uint16_t Planner::stream_of(const Part& part, TrackId id) const {
  if (id == part.main) return 0;
  if (!request_.audio || part.run->tracks[id]->kind != TrackKind::kAudio) return Sample::kUnused;
  std::uint16_t stream = 1;
  for (TrackId other = 0; other < id; ++other) {
    if (other != part.main && part.run->tracks[other]->kind == TrackKind::kAudio) ++stream;
  }
  return stream;
}

void Planner::add_streams() {
  for (const Part& part : parts_) {
    for (TrackId id = 0; id < part.run->tracks.size(); ++id) {
      const std::uint16_t at = stream_of(part, id);
      if (at != Sample::kUnused) add_stream(at, *part.run->tracks[id]);
    }
  }
  last_dts_.assign(plan_.streams.size(), std::numeric_limits<std::int64_t>::min());
}

void Planner::add_stream(std::uint16_t at, const Track& track) {
  if (at >= plan_.streams.size()) plan_.streams.resize(at + std::size_t{1});
  PlanStream& stream = plan_.streams[at];
  if (stream.track.codec.empty()) {
    stream.track = track;
    return;
  }
  stream.same_shape = stream.same_shape && same_shape(stream.track, track);
  stream.same_parameters =
      stream.same_parameters && stream.same_shape && stream.track.extradata == track.extradata;
}

// Whether the hole before `part` is left out of the file: by policy, or because no time passed in
// it.
bool Planner::collapses(const Part& part, const Part& before) const {
  if (request_.gaps == GapPolicy::kCollapse) return true;
  const Timestamp from = metas_[before.order[before.last]].wall;
  const Timestamp to = metas_[part.order[part.first]].wall;
  if (to <= from) return true;
  return std::any_of(snapshot_.gaps.begin(), snapshot_.gaps.end(), [&](const Gap& gap) {
    return gap.reason == GapReason::kClockStep && gap.range.begin < to && from < gap.range.end;
  });
}

// Decides when the part's first shown picture is presented.
void Planner::place(Part& part, const Part* before) {
  if (before == nullptr) return;
  const Rational base = plan_.streams[0].track.time_base;
  const std::int64_t before_end =
      before->start + rescale(natural_end(*before) - before->zero, main_base(*before), base);
  part.start = before_end;
  if (!collapses(part, *before)) {
    const auto wall_of = [&](const Part& p, std::int64_t pts) {
      for (const Index at : p.order) {
        if (metas_[at].packet.pts == pts) return metas_[at].wall;
      }
      return Timestamp{};
    };
    const Duration apart = wall_of(part, part.zero) - wall_of(*before, before->zero);
    part.start = std::max(before_end, before->start + to_ticks(apart, base));
  }
  // Decoding order must rise across the seam, and no picture be decoded after it is shown.
  std::int64_t dts = last_dts_[0];
  for (Index i = part.first; i <= part.last; ++i) {
    const Packet& packet = main_packet(part, i);
    const auto out = [&](std::int64_t ticks) {
      return part.start + rescale(ticks - part.zero, main_base(part), base);
    };
    dts = std::max(dts + 1, out(packet.dts));
    if (dts == out(packet.dts)) break;
    if (dts > out(packet.pts)) part.start += dts - out(packet.pts);
  }
}

void Planner::emit_main(const Part& part, bool last_part) {
  const Rational base = plan_.streams[0].track.time_base;
  const auto out = [&](std::int64_t ticks) {
    return part.start + rescale(ticks - part.zero, main_base(part), base);
  };
  const std::int64_t end = last_part ? plan_.streams[0].length : kUnknown;
  for (Index i = part.first; i <= part.last; ++i) {
    const Packet& packet = main_packet(part, i);
    Sample& sample = plan_.samples[part.order[i]];
    sample.pts = out(packet.pts);
    const bool early = packet.pts < part.zero;
    const bool late = sample.pts >= end;
    if (!request_.hide_video && early) continue;  // leading pictures
    sample.stream = 0;
    // Players start at the last key before the edit: one that decoding must not start at is none.
    const bool passed_by = i > part.first && (packet.recovery > 0 || packet.pts <= part.zero);
    sample.key = packet.key && !passed_by;
    sample.clean = metas_[part.order[i]].clean;
    sample.shown = !early && !late;
    sample.dts = std::max(out(packet.dts), last_dts_[0] == std::numeric_limits<std::int64_t>::min()
                                               ? std::numeric_limits<std::int64_t>::min()
                                               : last_dts_[0] + 1);
    last_dts_[0] = sample.dts;
    sample.duration = rescale(packet.duration, main_base(part), base);
    plan_.frames += sample.shown ? 1 : 0;
    if (early) (&part == &parts_.front() ? plan_.hidden_head : plan_.hidden_middle) = true;
    if (late) plan_.hidden_tail = true;
    if (!early && !late && !last_part && !in_range(metas_[part.order[i]]))
      plan_.hidden_middle = true;
  }
}

// Audio that must be decoded before the first right sample, in ticks: the overlap of transforms.
std::int64_t Planner::pre_roll(const Track& track) const {
  const auto samples = [&](std::int64_t n) {
    return rescale(n, {1, std::max(track.sample_rate, 1)}, track.time_base);
  };
  if (track.codec == "opus") return to_ticks(std::chrono::milliseconds(80), track.time_base);
  if (track.codec.starts_with("pcm_") || track.codec == "flac") return 0;
  return samples(2 * std::max(track.frame_size, 1024));
}

void Planner::emit_audio(const Part& part, bool first_part, std::int64_t main_end) {
  const Rational main = plan_.streams[0].track.time_base;
  for (Index i = part.begin; i < part.end; ++i) {
    const Packet& packet = metas_[i].packet;
    const std::uint16_t stream = stream_of(part, packet.track);
    if (packet.track == part.main || stream == Sample::kUnused) continue;
    const Track& track = *part.run->tracks[packet.track];
    const Rational base = plan_.streams[stream].track.time_base;
    const std::int64_t zero = rescale(part.zero, main_base(part), track.time_base);
    const std::int64_t pts =
        rescale(part.start, main, base) + rescale(packet.pts - zero, track.time_base, base);
    const std::int64_t duration = rescale(packet.duration, track.time_base, base);
    const std::int64_t from = first_part ? -pre_roll(track) : last_dts_[stream] + 1;
    const std::int64_t end = rescale(main_end, main, base);
    if (pts + duration <= from || pts >= end || pts <= last_dts_[stream]) continue;
    Sample& sample = plan_.samples[i];
    sample.stream = stream;
    sample.key = true;
    sample.shown = pts + duration > 0;
    sample.pts = sample.dts = last_dts_[stream] = pts;
    sample.duration = duration;
    plan_.audio_packets += sample.shown ? 1 : 0;
  }
}

// A sample lasts until the next one of its stream is decoded; of the last one only its own word is
// known.
void Planner::settle_durations() {
  std::vector<Sample*> previous(plan_.streams.size(), nullptr);
  for (Sample& sample : plan_.samples) {
    if (sample.stream == Sample::kUnused) continue;
    Sample*& before = previous[sample.stream];
    if (before != nullptr) before->duration = sample.dts - before->dts;
    before = &sample;
  }
  for (Index i = 0; i < previous.size(); ++i) {
    if (previous[i] == nullptr) continue;
    const Part& part = parts_.back();
    if (i == 0 && previous[i]->duration <= 0) {
      previous[i]->duration =
          rescale(part.nominal, main_base(part), plan_.streams[0].track.time_base);
    }
    PlanStream& stream = plan_.streams[i];
    if (i == 0) {  // the media must reach as far as it is presented; GStreamer drops the last group
                   // otherwise
      previous[0]->duration = std::max(previous[0]->duration, stream.length - previous[0]->dts);
      continue;
    }
    const std::int64_t own_end = previous[i]->pts + previous[i]->duration;
    stream.length = std::min(
        own_end,
        rescale(plan_.streams[0].length, plan_.streams[0].track.time_base, stream.track.time_base));
  }
}

void Planner::finish() {
  const Part& front = parts_.front();
  const Part& back = parts_.back();
  // Pictures shown before the key that decoding starts at can't be decoded: they are no lead-in.
  std::int64_t first_in_file = std::min(main_packet(front, front.first).pts, front.zero);
  std::int64_t wanted = front.zero;
  if (request_.mode == CutMode::kKeyframe) {
    wanted = kUnknown;
    for (const Index at : front.order) {
      if (in_range(metas_[at])) wanted = std::min(wanted, metas_[at].packet.pts);
    }
    first_in_file = front.zero;
  }
  plan_.lead_in = to_duration(wanted - first_in_file, main_base(front));
  for (const Index at : front.order) {
    if (metas_[at].packet.pts == front.zero) plan_.delivered.begin = metas_[at].wall;
  }
  for (const Index at : back.order) {
    if (metas_[at].packet.pts != back.last_shown) continue;
    plan_.delivered.end =
        metas_[at].wall + to_duration(shown_end(back) - back.last_shown, main_base(back));
  }
  for (Part& part : parts_) {
    Piece piece{part.run, part.begin, part.end, {}};
    piece.stream_of.assign(part.run->tracks.size(), Sample::kUnused);
    for (Index i = part.begin; i < part.end; ++i) {
      if (plan_.samples[i].stream == Sample::kUnused) continue;
      piece.stream_of[metas_[i].packet.track] = plan_.samples[i].stream;
    }
    plan_.pieces.push_back(std::move(piece));
  }
  // A stream none of whose packets made it is not one; the last ones can be left out.
  const auto has_packets = [&](std::size_t stream) {
    return std::any_of(plan_.samples.begin(), plan_.samples.end(),
                       [&](const Sample& sample) { return sample.stream == stream; });
  };
  while (plan_.streams.size() > 1 && !has_packets(plan_.streams.size() - 1))
    plan_.streams.pop_back();
}

Result<CutPlan> Planner::run() {
  CLIPBUF_TRY_SET(metas_, read_metas(snapshot_));
  split_into_parts();
  bool first_part = true;
  for (Part& part : parts_) {
    select(part, first_part);
    first_part = first_part && part.first == kNone;
  }
  std::erase_if(parts_, [](const Part& part) { return part.first == kNone; });
  plan_.samples.resize(metas_.size());
  for (Index i = 0; i < metas_.size(); ++i) {
    plan_.samples[i].bytes = static_cast<std::uint32_t>(metas_[i].packet.data.size());
  }
  if (parts_.empty()) {
    return Error{Errc::kNothingInRange, "no frame between " + to_string(snapshot_.requested.begin) +
                                            " and " + to_string(snapshot_.requested.end)};
  }
  add_streams();
  for (Index p = 0; p < parts_.size(); ++p) {
    Part& part = parts_[p];
    const bool last_part = p + 1 == parts_.size();
    measure(part);
    place(part, p == 0 ? nullptr : &parts_[p - 1]);
    const Rational base = plan_.streams[0].track.time_base;
    const auto out = [&](std::int64_t ticks) {
      return part.start + rescale(ticks - part.zero, main_base(part), base);
    };
    plan_.streams[0].length = out(last_part ? shown_end(part) : natural_end(part));
    emit_main(part, last_part);
    emit_audio(part, p == 0, plan_.streams[0].length);
  }
  settle_durations();
  finish();
  return std::move(plan_);
}

}  // namespace

Result<CutPlan> plan_cut(const Snapshot& snapshot, const CutRequest& request) {
  return Planner(snapshot, request).run();
}

}  // namespace clipbuf::detail
