#include "detail/wall_map.hpp"

#include <algorithm>
#include <utility>

namespace clipbuf::detail {

namespace {

constexpr Duration kWindow = std::chrono::seconds(10);
constexpr std::int64_t kSlewPerMillion = 500;
constexpr int kPacketsToBelieve = 3;
constexpr Duration kOldest{std::int64_t{1} << 61};

}  // namespace

void WallMap::begin(bool live, Duration clock_offset) noexcept {
  *this = WallMap{};
  live_ = live;
  clock_offset_ = clock_offset;
}

void WallMap::step(Duration clock_offset) noexcept {
  to_wall_ += clock_offset - clock_offset_;
  clock_offset_ = clock_offset;
}

bool WallMap::arrived(Duration media, Duration arrival) noexcept {
  if (!live_) return false;
  const Duration delay = arrival - media;
  if (!first_arrival_) {
    first_arrival_ = window_begin_ = arrival;
    least_delay_ = last_window_delay_ = delay;
    last_segment_ = media;
    to_wall_ = delay + clock_offset_;
    return true;
  }
  if (arrival - *first_arrival_ < kWindow) {
    if (delay >= least_delay_) return false;
    least_delay_ = last_window_delay_ = delay;
    to_wall_ = delay + clock_offset_;
    return true;
  }
  if (arrival - window_begin_ >= kWindow) {
    window_begin_ = arrival;
    last_window_delay_ = least_delay_;
    least_delay_ = delay;
  }
  least_delay_ = std::min(least_delay_, delay);
  return false;
}

void WallMap::begin_segment(Duration media, Duration clock_offset) noexcept {
  if (!live_ || !first_arrival_) return;
  clock_offset_ = clock_offset;
  const Duration target = std::min(least_delay_, last_window_delay_) + clock_offset;
  const Duration passed = std::max(media - last_segment_, Duration{0});
  const Duration most =
      passed / 1'000'000 * kSlewPerMillion + passed % 1'000'000 * kSlewPerMillion / 1'000'000;
  to_wall_ += std::clamp(target - to_wall_, -most, most);
  last_segment_ = media;
}

AgeClock::Step AgeClock::advance(Duration position) noexcept {
  return move(position, started_ ? position - position_ : Duration{0}, false);
}

AgeClock::Step AgeClock::restart(Duration position, Duration elapsed, bool sure) noexcept {
  return move(position, started_ ? elapsed : Duration{0}, sure);
}

AgeClock::Step AgeClock::move(Duration position, Duration by, bool sure) noexcept {
  started_ = true;
  position_ = position;
  Step step;
  if (by < Duration{0}) {
    leap_ = Duration{0};  // back again: the leap was a mistake
  } else if (by > max_jump_ && !sure) {
    step.new_leap = by;
    leap_ = std::min(leap_ + by, kOldest);
    since_leap_ = 0;
  } else {
    age_ += std::min(by, kOldest - age_);
    if (leap_ != Duration{0} && ++since_leap_ >= kPacketsToBelieve) {
      step.late_leap = std::min(std::exchange(leap_, Duration{0}), kOldest - age_);
      age_ += step.late_leap;
    }
  }
  step.age = age_;
  return step;
}

}  // namespace clipbuf::detail
