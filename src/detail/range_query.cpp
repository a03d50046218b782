#include "detail/range_query.hpp"

#include "detail/gap_reason.hpp"

#include <algorithm>

namespace clipbuf::detail {

namespace {

// Audio of the last frames may be coded with the ones before: pre-roll of Opus is 80 ms.
constexpr Duration kMargin = std::chrono::milliseconds(200);
constexpr Timestamp kFarthest{Duration(std::int64_t{1} << 60)};
constexpr Timestamp kEarliest{Duration(-(std::int64_t{1} << 60))};

Error bad_request(std::string what) {
  return {Errc::kInvalidArgument, std::move(what)};
}

bool overlaps(const SegmentEntry& entry, TimeRange range) noexcept {
  return entry.wall(entry.all_end) > range.begin && entry.wall(entry.all_begin) < range.end;
}

// The first segment of the run whose key is greater than `when` (or not less, with `equal`).
std::uint64_t first_after(const Ring& ring, const HeldRun& run, Timestamp when,
                          bool equal) noexcept {
  std::uint64_t low = run.first_id;
  std::uint64_t high = run.end_id;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    const Timestamp key = ring[middle].key();
    if (key > when || (equal && key == when)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

struct IdRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

// The segments of a run that overlap `range`, first to last.
IdRange overlapping(const Ring& ring, const HeldRun& run, TimeRange range) noexcept {
  std::uint64_t low = first_after(ring, run, range.begin - run.lead, false);
  if (low > run.first_id) --low;
  std::uint64_t high = first_after(ring, run, range.end + run.lag, true);
  while (low < high && !overlaps(ring[low].entry, range))
    ++low;
  while (low < high && !overlaps(ring[high - 1].entry, range))
    --high;
  return {low, high};
}

// Back to where decoding must start for pictures from `begin` on to be right.
std::uint64_t decoding_start(const Ring& ring, const HeldRun& run, std::uint64_t id,
                             Timestamp begin) noexcept {
  while (id > run.first_id && ring[id].entry.wall(ring[id].entry.recovered) > begin)
    --id;
  return id;
}

// A hole between two runs shorter than this holds no frame: clocks and durations are not that
// exact.
Duration tolerance(const HeldRun& before, RunReason reason) noexcept {
  switch (reason) {
    case RunReason::kDropped:
    case RunReason::kClockStep:
      return Duration{0};
    case RunReason::kReconnect:
      return before.frame / 2;
    default:
      return before.frame + before.frame / 2;
  }
}

// Puts gaps together, clipped to the range.
class GapList {
 public:
  explicit GapList(TimeRange range) : range_(range) {}

  void add(Timestamp begin, Timestamp end, GapReason reason) {
    begin = std::clamp(begin, range_.begin, range_.end);
    end = std::clamp(end, range_.begin, range_.end);
    if (begin < end) gaps_.push_back({{begin, end}, reason});
  }
  void mark(Timestamp when, GapReason reason) {
    if (range_.contains(when)) gaps_.push_back({{when, when}, reason});
  }
  std::vector<Gap> take() { return std::move(gaps_); }

 private:
  TimeRange range_;
  std::vector<Gap> gaps_;
};

void add_missing_beginning(GapList& gaps, const std::vector<HeldRun>& runs, const History& history,
                           TimeRange range) {
  const HeldRun* first =
      nullptr;  // in wall time: after a step back it needn't be the first of the ring
  for (const HeldRun& run : runs) {
    if (run.end > run.begin && (first == nullptr || run.begin < first->begin)) first = &run;
  }
  if (first == nullptr || first->begin - range.begin <= first->frame) return;
  if (!history.evicted) {
    gaps.add(range.begin, first->begin, GapReason::kNotRecorded);
    return;
  }
  const Timestamp known = std::min(history.first, first->begin);
  gaps.add(range.begin, known, GapReason::kNotRecorded);
  gaps.add(std::max(range.begin, known), first->begin, GapReason::kEvicted);
}

}  // namespace

Timestamp clamp_time(Timestamp time) noexcept {
  return std::clamp(time, kEarliest, kFarthest);
}

Result<TimeRange> absolute_range(const ClipRequest& request, Timestamp newest) {
  const bool by_range = request.begin || request.end;
  const bool by_last = request.last != Duration{0};
  const bool by_around = request.around.has_value();
  if (by_range + by_last + by_around != 1) {
    return bad_request("a clip needs exactly one of: begin and end, last, around");
  }
  const Duration most = kFarthest.time_since_epoch();
  TimeRange range;
  if (by_range) {
    if (!request.begin || !request.end) return bad_request("a clip needs both begin and end");
    range = {clamp_time(*request.begin), clamp_time(*request.end)};
  } else if (by_last) {
    if (request.last < Duration{0}) return bad_request("last is " + to_string(request.last));
    range = {clamp_time(newest - std::min(request.last, most)), newest};
  } else {
    if (request.before < Duration{0} || request.after < Duration{0}) {
      return bad_request("before is " + to_string(request.before) + ", after is " +
                         to_string(request.after));
    }
    const Timestamp around = clamp_time(*request.around);
    range = {clamp_time(around - std::min(request.before, most)),
             clamp_time(around + std::min(request.after, most))};
  }
  if (range.empty()) {
    return bad_request("the range is empty: " + to_string(range.begin) + " to " +
                       to_string(range.end));
  }
  return range;
}

std::vector<SegmentEntry> segments_of(const Ring& ring, TimeRange range) {
  std::vector<SegmentEntry> entries;
  const TimeRange wide{range.begin - kMargin, range.end + kMargin};
  for (const HeldRun& run : ring.runs()) {
    IdRange ids = overlapping(ring, run, wide);
    if (ids.begin == ids.end) continue;
    ids.begin = decoding_start(ring, run, ids.begin, range.begin);
    if (ids.begin > run.first_id) --ids.begin;
    if (ids.end < run.end_id) ++ids.end;
    entries.reserve(entries.size() + static_cast<std::size_t>(ids.end - ids.begin));
    for (std::uint64_t id = ids.begin; id != ids.end; ++id)
      entries.push_back(ring[id].entry);
  }
  return entries;
}

// A segment overlaps, or decoding must start in it because the next one begins, or is right, too
// late.
bool is_needed(const Ring& ring, TimeRange range) noexcept {
  const SegmentEntry& entry = ring[ring.front_id()].entry;
  if (entry.wall(entry.all_begin) >= range.end + kMargin) return false;
  if (entry.wall(entry.all_end) > range.begin - kMargin) return true;
  const std::uint64_t next = ring.front_id() + 1;
  if (next >= ring.runs().front().end_id) return false;
  return ring[next].entry.wall(ring[next].entry.recovered) > range.begin;
}

void add_run(std::vector<HeldRun>& runs, const HeldRun& run) {
  const auto same = std::find_if(runs.begin(), runs.end(),
                                 [&](const HeldRun& each) { return each.run->id == run.run->id; });
  if (same == runs.end()) {
    runs.push_back(run);
  } else {
    same->begin = std::min(same->begin, run.begin);
    same->end = std::max(same->end, run.end);
  }
}

bool has_footage(const std::vector<HeldRun>& runs, TimeRange range) noexcept {
  return std::any_of(runs.begin(), runs.end(), [&](const HeldRun& run) {
    return run.begin < range.end && range.begin < run.end;
  });
}

std::vector<Gap> gaps_of(const std::vector<HeldRun>& runs, const History& history,
                         TimeRange range) {
  GapList gaps(range);
  add_missing_beginning(gaps, runs, history, range);
  const HeldRun* before = nullptr;
  Timestamp covered = range.begin;
  for (const HeldRun& run : runs) {
    if (run.end <= run.begin) continue;  // nothing complete yet
    const bool hole = before != nullptr && run.begin - covered > tolerance(*before, run.reason);
    if (hole) gaps.add(covered, run.begin, gap_reason(run.reason));
    if (before != nullptr && !hole && run.reason == RunReason::kClockStep) {
      gaps.mark(covered, GapReason::kClockStep);
    }
    covered = before == nullptr ? run.end : std::max(covered, run.end);
    before = &run;
  }
  if (before == nullptr) {
    gaps.add(range.begin, history.now,
             history.evicted ? GapReason::kEvicted : GapReason::kNotRecorded);
    gaps.add(std::max(range.begin, history.now), range.end, GapReason::kNotRecordedYet);
  } else if (range.end - covered > before->frame) {
    gaps.add(std::max(covered, range.begin), range.end, GapReason::kNotRecordedYet);
  }
  return gaps.take();
}

Error nothing_in_range(const Ring& ring, TimeRange range) {
  std::string text =
      "nothing from " + to_string(range.begin) + " to " + to_string(range.end) + "; ";
  Timestamp begin = Timestamp::max();
  Timestamp end = Timestamp::min();
  for (const HeldRun& run : ring.runs()) {
    if (run.end <= run.begin) continue;
    begin = std::min(begin, run.begin);
    end = std::max(end, run.end);
  }
  text += begin < end ? "held is " + to_string(begin) + " to " + to_string(end) : "nothing is held";
  return {Errc::kNothingInRange, std::move(text)};
}

TimeRange surroundings_of(const Ring& ring, Timestamp when) noexcept {
  const auto& runs = ring.runs();
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    if (run->end <= run->begin || run->begin > when) continue;
    // The frame's segment is the last that begins by then; with open GOPs, one of its neighbours.
    std::uint64_t id = first_after(ring, *run, when + run->lag, false);
    while (id > run->first_id && ring[id - 1].entry.wall(ring[id - 1].entry.begin) > when)
      --id;
    id -= std::min<std::uint64_t>(2, id - run->first_id);
    const SegmentEntry& first = ring[id].entry;
    return {first.wall(first.begin), std::min(when, run->end - Duration{1}) + Duration{1}};
  }
  return {};
}

}  // namespace clipbuf::detail
