// Into the storage, the index and the books; and out again at the other end.
#include "detail/store_impl.hpp"

#include <algorithm>

namespace clipbuf::detail {

namespace {

constexpr std::size_t kMaxPending = 64;  // far beyond any codec's reordering
constexpr std::size_t kMaxRecovering = 64;
constexpr std::size_t kMaxLeaps = 64;

void add(Count& count, const Packet& packet) {
  ++count.packets;
  count.bytes += packet.data.size();
}

void move(Count& from, Count& to, const Count& what) {
  from.packets -= what.packets;
  from.bytes -= what.bytes;
  to.packets += what.packets;
  to.bytes += what.bytes;
}

}  // namespace

Result<void> StoreCore::Impl::store(const TimedPacket& timed) {
  const std::size_t size = timed.packet.data.size();
  if (limits.max_bytes != 0 && size >= limits.max_bytes) {
    // No use in emptying the ring for it.
    return refuse(timed, {Errc::kStorageFull, "a packet of " + std::to_string(size) +
                                                  " bytes, max_bytes is " +
                                                  std::to_string(limits.max_bytes)});
  }
  if (!segment_open) {
    const auto has_room = [&] {
      const MutexLock lock(mutex);
      return ring.has_room(run.get());
    };
    while (!has_room() && evict_oldest()) {
    }
  }
  for (;;) {
    auto stored = model->append(timed.packet);
    if (stored) break;
    if (stored.error().code != Errc::kStorageFull || !evict_oldest()) {
      return refuse(timed, std::move(stored).error());
    }
  }
  publish(timed);
  evict_expired();
  return {};
}

Error StoreCore::Impl::refuse(const TimedPacket& timed, Error error) {
  skipping = error.code == Errc::kStorageFull ? &DropCounts::no_room : &DropCounts::storage_error;
  drop(timed.packet, skipping);
  return error;
}

void StoreCore::Impl::drop(const Packet& packet, Count DropCounts::*why) {
  const MutexLock lock(mutex);
  add(books.in, packet);
  add(books.dropped.*why, packet);
  books.restamped = timeline.restamped();
  notify();
}

void StoreCore::Impl::publish(const TimedPacket& timed) {
  const MutexLock lock(mutex);
  finished = false;
  if (timed.main) {
    const Duration arrival = timed.packet.arrival.value_or(Duration{0});
    const bool moved = timed.packet.arrival && wall.arrived(timed.pts, arrival);
    if (moved && run_is_stored) ring.set_to_wall(wall.to_wall());
  }
  const bool opens = !segment_open;
  if (opens) open_segment(timed);
  if (timed.main) {
    note_age(timed);
    if (opens) ring.back().age = age.age();
  }
  HeldSegment& segment = ring.back();
  add(books.in, timed.packet);
  add(books.stored, timed.packet);
  add(segment.count, timed.packet);
  books.restamped = timeline.restamped();
  segment.entry.final = false;
  ring.widen(timed.pts, timed.end);
  if (timed.main) {
    ring.begins_at(timed.pts);
    note_recovery(timed);
    note_complete(timed);
    note_key(timed);
    ring.runs().back().frame = timeline.step(main_track);
  }
  if (declared[timed.packet.track]->kind == TrackKind::kVideo) {
    ++segment.frames;
    ++books.frames;
  }
  notify();
}

void StoreCore::Impl::open_segment(const TimedPacket& timed) {
  HeldSegment segment;
  SegmentEntry& entry = segment.entry;
  entry.id = next_id++;
  entry.run = run;
  entry.to_wall = wall.to_wall();
  entry.begin = entry.end = entry.all_begin = entry.all_end = timed.pts;
  entry.recovered = timed.packet.recovery > 0 ? kNever : timed.pts;
  segment.first_dts = timed.dts;
  if (timed.packet.recovery > 0) {
    if (recovering.size() == kMaxRecovering) recovering.erase(recovering.begin());
    recovering.push_back({entry.id, timed.packet.recovery, true});
  }
  segment_begin = timed.dts;
  ring.push(std::move(segment), run_reason);
  if (!run_is_stored) {
    ++books.runs_begun;
    if (run_reason == RunReason::kClockStep) ++books.clock_steps;
  }
  segment_open = run_is_stored = true;
}

void StoreCore::Impl::note_age(const TimedPacket& timed) {
  const SegmentEntry& entry = ring.back().entry;
  const Timestamp position = entry.wall(timed.dts);
  AgeClock::Step step;
  if (timeline.suspect()) {
    age.forget_leap();
  } else if (!timeline_begins) {
    step = age.advance(timed.dts);
  } else if (timed.packet.arrival && last_arrival) {
    step =
        age.restart(timed.dts, std::max(*timed.packet.arrival - *last_arrival, Duration{0}), true);
  } else {
    step = age.restart(timed.dts, position - last_position, false);
  }
  timeline_begins = false;
  last_arrival = timed.packet.arrival;
  last_position = position;
  if (step.new_leap != Duration{0} && leaps.size() < kMaxLeaps) {
    const bool opened = ring.back().first_dts == timed.dts;
    leaps.push_back({opened ? entry.id : entry.id + 1, step.new_leap});
  }
  if (step.late_leap != Duration{0}) {
    for (const Leap& leap : leaps) {
      for (std::uint64_t id = std::max(leap.id, ring.front_id()); id < ring.end_id(); ++id) {
        ring[id].age += leap.by;
      }
    }
  }
  if (!age.leaping()) leaps.clear();
}

// A frame is complete once no frame that is shown before it can still come: dts has reached its
// pts.
void StoreCore::Impl::note_complete(const TimedPacket& timed) {
  if (pending.size() >= kMaxPending) {
    const auto first = std::min_element(pending.begin(), pending.end(),
                                        [](const auto& a, const auto& b) { return a.pts < b.pts; });
    ring.complete(first->id, first->end);
    pending.erase(first);
  }
  pending.push_back({timed.pts, timed.end, ring.back().entry.id});
  std::erase_if(pending, [&](const Pending& frame) CLIPBUF_REQUIRES(mutex) {
    if (frame.pts > timed.dts) return false;
    ring.complete(frame.id, frame.end);
    return true;
  });
  mark_final(false);
}

void StoreCore::Impl::complete_all() {
  for (const Pending& frame : pending)
    ring.complete(frame.id, frame.end);
  pending.clear();
}

void StoreCore::Impl::mark_final(bool open_too) {
  unfinal_id = std::max(unfinal_id, ring.front_id());
  for (; unfinal_id < ring.end_id(); ++unfinal_id) {
    SegmentEntry& entry = ring[unfinal_id].entry;
    const bool waits = std::any_of(pending.begin(), pending.end(),
                                   [&](const Pending& frame) { return frame.id == entry.id; });
    if (waits) return;
    if (entry.segment == nullptr) {
      entry.final = open_too;
      return;
    }
    entry.final = true;
  }
}

// Counts pictures in presentation order: a B picture is shown before one that was counted already,
// and leaving it out errs on the safe side.
void StoreCore::Impl::note_recovery(const TimedPacket& timed) {
  if (timed.pts <= highest_pts && timed.dts != segment_begin) return;
  highest_pts = std::max(highest_pts, timed.pts);
  if (recovering.empty()) return;
  std::erase_if(recovering, [&](Recovering& each) CLIPBUF_REQUIRES(mutex) {
    if (!ring.holds(each.id)) return true;
    if (ring.back().entry.id == each.id && timed.dts == segment_begin) return false;
    if (each.waits) {
      if (!timed.packet.key) return false;
      each.waits = false;
      each.left = timed.packet.recovery;
      if (each.left > 0) return false;
    } else if (--each.left > 0) {
      return false;
    }
    ring[each.id].entry.recovered = timed.pts;
    return true;
  });
}

void StoreCore::Impl::note_key(const TimedPacket& timed) {
  if (timed.packet.key) {
    if (last_key) gops[gop_at++ % gops.size()] = timed.dts - *last_key;
    last_key = timed.dts;
  }
  since_key = last_key ? timed.dts - *last_key : Duration{0};
}

void StoreCore::Impl::notify() {
  if (waiters > 0) changed.notify_all();
}

SegmentPtr StoreCore::Impl::pop_oldest() {
  if (!history.evicted) {
    const HeldSegment& oldest = ring[ring.front_id()];
    history.first = oldest.entry.wall(oldest.entry.begin);
    history.evicted = true;
  }
  for (Watcher* each = watchers; each != nullptr; each = each->next) {
    if (is_needed(ring, each->range)) each->saved.push_back(ring[ring.front_id()].entry);
    add_run(each->runs, ring.runs().front());
  }
  HeldSegment gone = ring.pop_front();
  move(books.stored, books.evicted, gone.count);
  books.frames -= gone.frames;
  return std::move(gone.entry.segment);
}

bool StoreCore::Impl::evict_oldest() {
  SegmentPtr gone;
  {
    const MutexLock lock(mutex);
    if (ring.empty() || ring[ring.front_id()].entry.segment == nullptr) return false;
    gone = pop_oldest();
  }
  model->release(gone);
  return true;
}

// The oldest goes when the next one alone can serve everything from `newest - keep` on.
void StoreCore::Impl::evict_expired() {
  if (limits.keep <= Duration{0}) return;
  for (;;) {
    SegmentPtr gone;
    {
      const MutexLock lock(mutex);
      if (ring.size() < 2) return;
      const HeldSegment& next = ring[ring.front_id() + 1];
      const bool unknown = next.entry.recovered == kNever;
      const Duration serves = next.age + (next.entry.recovered - next.first_dts);
      if (unknown || serves > age.age() - limits.keep) return;
      gone = pop_oldest();
    }
    model->release(gone);
  }
}

}  // namespace clipbuf::detail
