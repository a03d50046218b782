// RateMeter: how many pictures per second came lately.
#pragma once

#include <clipbuf/time.hpp>

#include <algorithm>
#include <deque>
#include <optional>

namespace clipbuf::detail {

/// Counts over the last two seconds, whole: many cameras send in bursts.
class RateMeter {
 public:
  void add(Duration now) {
    if (!first_) first_ = now;
    times_.push_back(now);
    forget(now);
  }

  /// 0 when nothing came.
  double per_second(Duration now) {
    forget(now);
    if (times_.empty()) return 0;
    // What stands at the window's start began before it; a full list covers less than the window.
    const Duration since =
        times_.size() == kMost ? times_.front() : std::max(*first_, now - kWindow);
    const bool young = since == *first_;
    const auto count = times_.size() - (young ? 1 : 0);
    const auto span = std::max<std::int64_t>((now - since).count(), 1000);
    return static_cast<double>(count) * 1e6 / static_cast<double>(span);
  }

 private:
  static constexpr Duration kWindow = std::chrono::seconds(2);
  static constexpr std::size_t kMost = 4096;  // a file as fast as it can would fill memory

  void forget(Duration now) {
    while (!times_.empty() && (times_.front() < now - kWindow || times_.size() > kMost)) {
      times_.pop_front();
    }
  }

  std::optional<Duration> first_;
  std::deque<Duration> times_;
};

}  // namespace clipbuf::detail
