// Interrupt: one deadline and one cancellation, for everything a source may block in.
#pragma once

#include "detail/mutex.hpp"

#include <clipbuf/time.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace clipbuf::detail {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Shared by a source, its libavformat context and the thread that may be stuck in it. Cancelling
/// is for ever; the deadline is set anew for each call. Thread word: thread-safe.
class Interrupt {
 public:
  void cancel() noexcept {
    {
      MutexLock lock(mutex_);
      cancelled_.store(true);
    }
    condition_.notify_all();
  }
  bool cancelled() const noexcept { return cancelled_.load(); }

  /// The deadline is absolute: a peer that sends one byte per second does not move it.
  void arm(Duration timeout) noexcept { arm_until(std::chrono::steady_clock::now() + timeout); }
  void arm_until(SteadyTime when) noexcept { deadline_.store(when.time_since_epoch().count()); }
  SteadyTime deadline() const noexcept {
    return SteadyTime(SteadyTime::duration(deadline_.load()));
  }
  bool expired() const noexcept { return std::chrono::steady_clock::now() >= deadline(); }
  bool stop() const noexcept { return cancelled() || expired(); }

  /// Sleeps; false when it was cancelled before or meanwhile. The deadline plays no part.
  bool sleep_until(SteadyTime when) {
    MutexLock lock(mutex_);
    while (!cancelled_.load()) {
      if (!lock.wait_until(condition_, when)) return !cancelled_.load();
    }
    return false;
  }
  bool sleep_for(Duration duration) {
    return sleep_until(std::chrono::steady_clock::now() + duration);
  }

 private:
  Mutex mutex_;
  std::condition_variable condition_;
  std::atomic<bool> cancelled_{false};
  std::atomic<SteadyTime::rep> deadline_{SteadyTime::max().time_since_epoch().count()};
};

}  // namespace clipbuf::detail
