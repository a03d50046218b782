#include "detail/ring.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace clipbuf::detail {

namespace {

constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kFirstSegments = 8;

}  // namespace

Ring::Ring(std::size_t max_bytes)
    : max_segments_(max_bytes == 0
                        ? kUnlimited
                        : std::max<std::size_t>(2, max_bytes / 4 * 3 / sizeof(HeldSegment))),
      max_runs_(max_bytes == 0 ? kUnlimited
                               : std::max<std::size_t>(2, max_bytes / 4 / sizeof(HeldRun))) {
  // Both grow by doubling up to the limit, which so is never exceeded.
  if (max_bytes != 0) runs_.reserve(std::min<std::size_t>(max_runs_, 64));
}

std::size_t Ring::bytes() const noexcept {
  return slots_.size() * sizeof(HeldSegment) + runs_.capacity() * sizeof(HeldRun);
}

bool Ring::has_room(const Run* run) const noexcept {
  return size_ < max_segments_ && (!is_new(run) || runs_.size() < max_runs_);
}

// A run that goes on is new again once all that it had in the ring is gone.
bool Ring::is_new(const Run* run) const noexcept {
  return runs_.empty() || runs_.back().run.get() != run;
}

void Ring::grow() {
  const std::size_t wanted = std::max(kFirstSegments, slots_.size() * 2);
  std::vector<HeldSegment> larger(std::min(wanted, max_segments_));
  for (std::size_t i = 0; i < size_; ++i)
    larger[i] = std::move(slots_[slot(front_id_ + i)]);
  slots_ = std::move(larger);
  head_ = 0;
}

void Ring::push(HeldSegment segment, RunReason reason) {
  const std::uint64_t id = segment.entry.id;
  if (size_ == 0) front_id_ = id;
  if (size_ == slots_.size()) grow();
  const bool new_run = is_new(segment.entry.run.get());
  if (new_run) {
    if (runs_.size() == runs_.capacity()) {
      runs_.reserve(std::min(max_runs_, std::max<std::size_t>(8, runs_.size() * 2)));
    }
    HeldRun run;
    run.run = segment.entry.run;
    run.reason = reason;
    run.first_id = id;
    run.begin = run.end = segment.entry.wall(segment.entry.begin);
    runs_.push_back(std::move(run));
  }
  HeldRun& run = runs_.back();
  if (!new_run) {
    run.lead = std::max(run.lead, back().entry.all_end - segment.first_dts);
  }
  run.end_id = id + 1;
  ++size_;
  back() = std::move(segment);
  refresh_begin(run);
}

HeldSegment Ring::pop_front() {
  HeldSegment gone = std::exchange(slots_[head_], HeldSegment{});
  head_ = head_ + 1 == slots_.size() ? 0 : head_ + 1;
  ++front_id_;
  --size_;
  HeldRun& run = runs_.front();
  run.first_id = front_id_;
  if (run.first_id == run.end_id) {
    runs_.erase(runs_.begin());
  } else {
    refresh_begin(run);
  }
  return gone;
}

HeldSegment Ring::pop_back() {
  HeldSegment gone = std::exchange(back(), HeldSegment{});
  --size_;
  HeldRun& run = runs_.back();
  if (--run.end_id == run.first_id) {
    runs_.pop_back();
  } else {
    run.end = back().entry.wall(back().entry.end);
  }
  return gone;
}

void Ring::refresh_begin(HeldRun& run) noexcept {
  const SegmentEntry& first = (*this)[run.first_id].entry;
  run.begin = first.wall(first.begin);
}

void Ring::widen(Duration begin, Duration end) noexcept {
  HeldSegment& segment = back();
  segment.entry.all_begin = std::min(segment.entry.all_begin, begin);
  segment.entry.all_end = std::max(segment.entry.all_end, end);
  HeldRun& run = runs_.back();
  run.lag = std::max(run.lag, segment.first_dts - begin);
}

void Ring::begins_at(Duration begin) noexcept {
  SegmentEntry& entry = back().entry;
  if (begin >= entry.begin) return;
  entry.begin = begin;
  if (runs_.back().first_id == entry.id) refresh_begin(runs_.back());
}

void Ring::complete(std::uint64_t id, Duration end) noexcept {
  if (!holds(id)) return;
  SegmentEntry& entry = (*this)[id].entry;
  entry.end = std::max(entry.end, end);
  HeldRun& run = runs_.back();
  if (id >= run.first_id) run.end = std::max(run.end, entry.wall(entry.end));
}

void Ring::set_to_wall(Duration to_wall) noexcept {
  if (runs_.empty()) return;
  HeldRun& run = runs_.back();
  run.end = Timestamp::min();
  for (std::uint64_t id = run.first_id; id != run.end_id; ++id) {
    SegmentEntry& entry = (*this)[id].entry;
    entry.to_wall = to_wall;
    run.end = std::max(run.end, entry.wall(entry.end));
  }
  refresh_begin(run);
}

Timestamp Ring::newest() const noexcept {
  for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) {
    if (run->end > run->begin) return run->end;
  }
  return Timestamp{};
}

}  // namespace clipbuf::detail
