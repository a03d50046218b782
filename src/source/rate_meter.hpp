// RateMeter: how many pictures per second came lately.
#pragma once

#include <clipbuf/time.hpp>

#include <deque>

namespace clipbuf::detail {

class RateMeter {
 public:
  void add(Duration now) {
    times_.push_back(now);
    forget(now);
  }
  /// Over the last two seconds; 0 when nothing came.
  double per_second(Duration now) {
    forget(now);
    if (times_.size() < 2 || times_.back() == times_.front()) return 0;
    const auto span = static_cast<double>((times_.back() - times_.front()).count());
    return static_cast<double>(times_.size() - 1) * 1e6 / span;
  }

 private:
  void forget(Duration now) {
    constexpr Duration kWindow = std::chrono::seconds(2);
    constexpr std::size_t kMost = 4096;  // a file as fast as it can would fill memory
    while (!times_.empty() && (times_.front() < now - kWindow || times_.size() > kMost)) {
      times_.pop_front();
    }
  }
  std::deque<Duration> times_;
};

}  // namespace clipbuf::detail
