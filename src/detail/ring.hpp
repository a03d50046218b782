// Ring: the index of a store: which segments it holds, of which runs, and when they were.
#pragma once

#include "detail/snapshot.hpp"

#include <clipbuf/buffer.hpp>

namespace clipbuf::detail {

/// Stands for a time that isn't known yet and lies beyond all others; safe to add to.
inline constexpr Duration kNever = Duration::max() / 2;

/// One segment of the index; the newest one may be open.
struct HeldSegment {
  SegmentEntry entry;     // entry.segment is null while it is open
  Duration first_dts{0};  // of the main track, media; rises along a run
  Duration age{0};        // of first_dts, on the AgeClock's axis
  Count count;
  std::uint64_t frames = 0;

  Timestamp key() const noexcept { return entry.wall(first_dts); }
};

/// One run of the index. Its segments follow each other in the ring.
struct HeldRun {
  std::shared_ptr<const Run> run;
  RunReason reason = RunReason::kStart;
  std::uint64_t first_id = 0;  // of its segments still held
  std::uint64_t end_id = 0;
  Timestamp begin{};  // of the footage still held
  Timestamp end{};    // end of the last complete frame
  Duration frame{0};  // how long a frame lasts
  Duration lag{0};    // how far packets lie before their segment's first_dts, at most
  Duration lead{0};   // and behind the next one's
};

/// Not synchronized: the store's mutex guards it. Ids of held segments have no holes.
class Ring {
 public:
  /// `max_bytes` of its own memory, 0: no limit.
  explicit Ring(std::size_t max_bytes);

  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  std::uint64_t front_id() const noexcept { return front_id_; }
  std::uint64_t end_id() const noexcept { return front_id_ + size_; }
  std::size_t bytes() const noexcept;

  HeldSegment& operator[](std::uint64_t id) noexcept { return slots_[slot(id)]; }
  const HeldSegment& operator[](std::uint64_t id) const noexcept { return slots_[slot(id)]; }
  HeldSegment& back() noexcept { return (*this)[end_id() - 1]; }
  const HeldSegment& back() const noexcept { return (*this)[end_id() - 1]; }
  bool holds(std::uint64_t id) const noexcept { return id >= front_id_ && id < end_id(); }

  std::vector<HeldRun>& runs() noexcept { return runs_; }
  const std::vector<HeldRun>& runs() const noexcept { return runs_; }

  /// Whether one more segment, of this run, stays within the limit.
  bool has_room(const Run* run) const noexcept;

  /// The segment's id and run are set. `reason`: why its run began.
  void push(HeldSegment segment, RunReason reason);
  HeldSegment pop_front();
  HeldSegment pop_back();

  /// Widens the newest segment by a packet of [begin, end).
  void widen(Duration begin, Duration end) noexcept;

  /// A frame of the main track in the newest segment is shown from `begin` on.
  void begins_at(Duration begin) noexcept;

  /// A frame that ends at `end` has become complete in segment `id`.
  void complete(std::uint64_t id, Duration end) noexcept;

  /// Sets the newest run's map to wall time.
  void set_to_wall(Duration to_wall) noexcept;

  /// End of the newest complete frame; the epoch when there is none.
  Timestamp newest() const noexcept;

 private:
  std::size_t slot(std::uint64_t id) const noexcept {
    const std::size_t at = head_ + static_cast<std::size_t>(id - front_id_);
    return at < slots_.size() ? at : at - slots_.size();
  }
  bool is_new(const Run* run) const noexcept;
  void grow();
  void refresh_begin(HeldRun& run) noexcept;

  std::size_t max_segments_;
  std::size_t max_runs_;
  std::vector<HeldSegment> slots_;
  std::vector<HeldRun> runs_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
  std::uint64_t front_id_ = 0;
};

}  // namespace clipbuf::detail
