// Points in time, spans of time, half-open ranges, and their text forms.
#pragma once

#include <clipbuf/error.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace clipbuf {

/// Microseconds; negative where a difference can be.
using Duration = std::chrono::microseconds;

/// A point in wall time: microseconds since the Unix epoch, UTC, leap seconds not counted.
/// It fits a double (and so a JavaScript number) exactly until the year 2255.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// [begin, end): a frame is in it when its presentation time is.
struct TimeRange {
  Timestamp begin{};
  Timestamp end{};

  bool empty() const noexcept { return end <= begin; }
  /// Saturates instead of overflowing.
  Duration length() const noexcept {
    Duration::rep length = 0;
    const bool too_long = __builtin_sub_overflow(end.time_since_epoch().count(),
                                                 begin.time_since_epoch().count(), &length);
    return too_long ? (end < begin ? Duration::min() : Duration::max()) : Duration(length);
  }
  bool contains(Timestamp t) const noexcept { return begin <= t && t < end; }
  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

/// Where the library takes its time from; tests put in their own. `wall` may step when somebody
/// sets the clock; `steady` never does, and it alone measures how long something took.
struct Clock {
  Timestamp (*wall)() noexcept;
  Duration (*steady)() noexcept;
};

/// The machine's own clocks.
CLIPBUF_API const Clock& system_clock() noexcept;

/// Reads "12.4s", "1m30s", "250ms", "2h", "90" (plain seconds), "-3.5s".
/// Errors: kInvalidArgument for anything else, and for what does not fit.
CLIPBUF_API Result<Duration> parse_duration(std::string_view text);

/// Reads RFC 3339 ("2026-11-22T10:00:00.25Z", "...+01:00") or seconds since the epoch.
CLIPBUF_API Result<Timestamp> parse_timestamp(std::string_view text);

/// "1m30.5s"; the shortest form that parse_duration reads back to the same value.
CLIPBUF_API std::string to_string(Duration duration);

/// RFC 3339 in UTC with microseconds: "2026-11-22T10:00:00.250000Z".
CLIPBUF_API std::string to_string(Timestamp timestamp);

}  // namespace clipbuf
