#include <clipbuf/packet.hpp>

#include <algorithm>

namespace clipbuf {
namespace {

__extension__ using Wide =
    __int128;  // no FFmpeg here: av_rescale overflows where this must saturate

constexpr Wide kMax = std::numeric_limits<std::int64_t>::max();
constexpr Wide kMin = std::numeric_limits<std::int64_t>::min();
constexpr Wide kSecond = 1'000'000;

/// Rounds to nearest, halves away from zero. Requires: divisor > 0.
constexpr Wide divide(Wide value, Wide divisor) noexcept {
  const Wide quotient = value / divisor;
  const Wide rest = value % divisor;
  if (rest >= divisor - rest) return quotient + 1;
  if (-rest >= divisor + rest) return quotient - 1;
  return quotient;
}

bool usable(Rational time_base) noexcept {
  return time_base.num > 0 && time_base.den > 0;
}

}  // namespace

Duration to_duration(std::int64_t ticks, Rational time_base) noexcept {
  if (!usable(time_base)) return Duration{0};
  // The whole seconds apart from the rest, so that nothing passes 128 bits.
  const Wide total = Wide{ticks} * time_base.num;
  const Wide seconds = total / time_base.den;
  if (seconds > kMax / kSecond + 1) return Duration::max();
  if (seconds < kMin / kSecond - 1) return Duration::min();
  const Wide rest = divide((total % time_base.den) * kSecond, time_base.den);
  return Duration{static_cast<std::int64_t>(std::clamp(seconds * kSecond + rest, kMin, kMax))};
}

std::int64_t to_ticks(Duration duration, Rational time_base) noexcept {
  if (!usable(time_base)) return 0;
  const Wide ticks = divide(Wide{duration.count()} * time_base.den, Wide{time_base.num} * kSecond);
  // The lowest value means "not known", so saturation stops one before it.
  return static_cast<std::int64_t>(std::clamp(ticks, kMin + 1, kMax));
}

}  // namespace clipbuf
