// Pacer: plays media time at the speed of the steady clock.
#pragma once

#include "detail/interrupt.hpp"

#include <optional>

namespace clipbuf::detail {

/// Tells when something with a media time is due. Anchored at its first call, and again where the
/// media time goes back or leaves a hole, so that neither a burst nor a long silence follows.
class Pacer {
 public:
  explicit Pacer(Duration longest_wait) : longest_wait_(longest_wait) {}

  SteadyTime due(Duration media, SteadyTime now) {
    constexpr Duration kBack = std::chrono::seconds(1);
    const bool back = last_ && media < *last_ - kBack;
    if (!anchor_ || back || *anchor_ + media - now > longest_wait_) anchor_ = now - media;
    last_ = media;
    return *anchor_ + media;
  }

 private:
  const Duration longest_wait_;
  std::optional<SteadyTime> anchor_;
  std::optional<Duration> last_;
};

}  // namespace clipbuf::detail
