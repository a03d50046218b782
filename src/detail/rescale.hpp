// Ticks of one time base as ticks of another, rounded to nearest, exact in between.
#pragma once

#include <clipbuf/packet.hpp>

#include <limits>

namespace clipbuf::detail {

inline std::int64_t rescale(std::int64_t ticks, Rational from, Rational to) noexcept {
  if (ticks == kNoTicks || from == to) return ticks;
  __extension__ using Wide = __int128;
  const Wide numerator = Wide(ticks) * (Wide(from.num) * to.den);
  const Wide denominator = Wide(from.den) * to.num;
  const Wide half = denominator / 2;
  const Wide value =
      numerator >= 0 ? (numerator + half) / denominator : -((-numerator + half) / denominator);
  constexpr Wide kMax = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(value > kMax ? kMax : value < -kMax ? -kMax : value);
}

}  // namespace clipbuf::detail
