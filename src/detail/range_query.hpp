// What of a time range a ring holds: the segments a clip needs, and the gaps. Readers' side, under
// the store's mutex; costs the logarithm of the ring, and the length of the answer.
#pragma once

#include "detail/ring.hpp"

namespace clipbuf::detail {

/// The limits within which a wall time can be added to without overflow: 18 thousand years.
Timestamp clamp_time(Timestamp time) noexcept;

/// What is known of footage that the ring no longer holds.
struct History {
  bool evicted = false;
  Timestamp first{};  // when the first frame ever was, once `evicted`
  Timestamp now{};    // the wall clock; matters only when nothing is held
};

/// `request` as an absolute range; `newest` is what `last` counts from. Errors: kInvalidArgument.
Result<TimeRange> absolute_range(const ClipRequest& request, Timestamp newest);

/// The segments that matter for `range`, see Snapshot. The open one has a null `segment`.
std::vector<SegmentEntry> segments_of(const Ring& ring, TimeRange range);

/// Whether the ring's oldest segment is one of them.
bool is_needed(const Ring& ring, TimeRange range) noexcept;

/// Puts a run into a list of them, or widens the one that is there.
void add_run(std::vector<HeldRun>& runs, const HeldRun& run);

/// Whether any frame of these runs is shown within `range`.
bool has_footage(const std::vector<HeldRun>& runs, TimeRange range) noexcept;

/// The parts of `range` for which there is no footage, in order, not overlapping.
std::vector<Gap> gaps_of(const std::vector<HeldRun>& runs, const History& history, TimeRange range);

/// kNothingInRange, with what there is.
Error nothing_in_range(const Ring& ring, TimeRange range);

/// A range that holds the newest complete frame not after `when`, and ends just behind it or
/// `when`; empty when there is none.
TimeRange surroundings_of(const Ring& ring, Timestamp when) noexcept;

}  // namespace clipbuf::detail
