// One annotated mutex: Clang's -Wthread-safety checks every guarded member through it (libstdc++
// does not annotate std::mutex).
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define CLIPBUF_TSA(x) __attribute__((x))
#else
#define CLIPBUF_TSA(x)
#endif

#define CLIPBUF_GUARDED_BY(x) CLIPBUF_TSA(guarded_by(x))
#define CLIPBUF_REQUIRES(...) CLIPBUF_TSA(requires_capability(__VA_ARGS__))
#define CLIPBUF_EXCLUDES(...) CLIPBUF_TSA(locks_excluded(__VA_ARGS__))

namespace clipbuf::detail {

class CLIPBUF_TSA(capability("mutex")) Mutex {
 public:
  void lock() CLIPBUF_TSA(acquire_capability()) { mutex_.lock(); }
  void unlock() CLIPBUF_TSA(release_capability()) { mutex_.unlock(); }
  std::mutex& native() { return mutex_; }

 private:
  std::mutex mutex_;
};

class CLIPBUF_TSA(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) CLIPBUF_TSA(acquire_capability(mutex)) : lock_(mutex.native()) {}
  ~MutexLock() CLIPBUF_TSA(release_capability()) {}
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  /// Waits with the lock given up meanwhile; returns false when the deadline has passed. Spurious
  /// returns happen: the caller checks its condition in a loop.
  template <class TimePoint>
  bool wait_until(std::condition_variable& condition, const TimePoint& deadline) {
    return condition.wait_until(lock_, deadline) == std::cv_status::no_timeout;
  }
  void wait(std::condition_variable& condition) { condition.wait(lock_); }

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace clipbuf::detail
