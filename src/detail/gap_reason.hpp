// Why there is a hole before a run.
#pragma once

#include <clipbuf/buffer.hpp>

namespace clipbuf::detail {

inline GapReason gap_reason(RunReason reason) noexcept {
  switch (reason) {
    case RunReason::kClockStep:
      return GapReason::kClockStep;
    case RunReason::kDropped:
      return GapReason::kDropped;
    default:
      return GapReason::kSourceLost;
  }
}

}  // namespace clipbuf::detail
