// WallMap: which wall time a live source's media time is; and how old footage is, whatever the
// clocks do.
#pragma once

#include <clipbuf/time.hpp>

#include <optional>

namespace clipbuf::detail {

/// Maps the media time of one run to wall time by the least delayed arrival: cameras send a burst
/// of old packets at the start, and later ones are late, but none is early. For its first seconds a
/// run is anchored anew whenever a smaller delay is seen; after that the map may only slew, by at
/// most 500 ppm, so that wall time stays in order within the run. Pure.
class WallMap {
 public:
  /// The machine's wall clock minus its steady clock.
  void begin(bool live, Duration clock_offset) noexcept;

  /// The wall clock was set: the same delays, another offset.
  void step(Duration clock_offset) noexcept;

  bool live() const noexcept { return live_; }
  Duration clock_offset() const noexcept { return clock_offset_; }
  Duration to_wall() const noexcept { return to_wall_; }

  /// A packet of the main track. True: to_wall() changed for the run as a whole.
  bool arrived(Duration media, Duration arrival) noexcept;

  /// A segment begins: slews to_wall() for it and what follows.
  void begin_segment(Duration media, Duration clock_offset) noexcept;

 private:
  bool live_ = false;
  Duration clock_offset_{0};
  Duration to_wall_{0};
  std::optional<Duration> first_arrival_;
  Duration least_delay_{0};        // of this window
  Duration last_window_delay_{0};  // of the one before
  Duration window_begin_{0};       // arrival
  Duration last_segment_{0};       // media
};

/// The age of footage on an axis of the store's own, which never runs backwards and on which one
/// absurd timestamp does not count: a leap is believed after three packets have followed it. Pure.
class AgeClock {
 public:
  explicit AgeClock(Duration max_jump) noexcept : max_jump_(max_jump) {}

  struct Step {
    Duration age{0};       // of this packet
    Duration new_leap{0};  // not believed yet, and not part of `age`
    Duration late_leap{
        0};  // all leaps so far, now believed: what began after one is so much younger
  };

  /// A packet at `position` on a timeline that goes on.
  Step advance(Duration position) noexcept;

  /// A packet at `position` on another timeline, which `elapsed` lies beyond the packet before it.
  Step restart(Duration position, Duration elapsed, bool sure) noexcept;

  /// What was taken for a leap was a mistake.
  void forget_leap() noexcept { leap_ = Duration{0}; }

  Duration age() const noexcept { return age_; }
  bool leaping() const noexcept { return leap_ != Duration{0}; }

 private:
  Step move(Duration position, Duration by, bool sure) noexcept;

  Duration max_jump_;
  Duration age_{0};
  Duration position_{0};
  Duration leap_{0};  // not yet believed
  int since_leap_ = 0;
  bool started_ = false;
};

}  // namespace clipbuf::detail
