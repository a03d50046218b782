// Runs a call that may hang where nothing can interrupt it: name resolution, a driver, another
// library.
#pragma once

#include "detail/interrupt.hpp"

#include <clipbuf/error.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace clipbuf::detail {

/// Where a thread leaves its result; whoever is last destroys it.
template <class T>
struct AbandonableSlot {
  Mutex mutex;
  std::condition_variable filled;
  std::optional<Result<T>> result CLIPBUF_GUARDED_BY(mutex);

  void fill(Result<T> value) {
    MutexLock lock(mutex);
    result = std::move(value);
    filled.notify_all();
  }
};

/// The work's result, or what it threw, as an error.
template <class T>
Result<T> run_caught(std::function<Result<T>()>& work) {
  try {
    return work();
  } catch (const std::exception& e) {
    return Error{Errc::kInternal, e.what()};
  } catch (...) {
    return Error{Errc::kInternal, "unknown exception"};
  }
}

/// Runs `work` on a thread of its own and waits for it until `interrupt` stops, and a little
/// longer: what can be interrupted comes back by itself. After that the thread is left alone; it
/// holds nothing but `work` and its result, and both are destroyed by whoever is last. `work` must
/// own all it touches.
template <class T>
Result<T> run_abandonable(const std::shared_ptr<Interrupt>& interrupt,
                          std::function<Result<T>()> work) {
  const auto slot = std::make_shared<AbandonableSlot<T>>();
  try {
    std::thread([slot, work = std::move(work)]() mutable {
      Result<T> result = run_caught(work);
      work = nullptr;
      slot->fill(std::move(result));
    }).detach();
  } catch (const std::system_error& e) {
    return Error{Errc::kOutOfMemory, std::string("no thread: ") + e.what()};
  }
  constexpr auto kTick = std::chrono::milliseconds(20);
  constexpr auto kGrace = std::chrono::milliseconds(400);
  SteadyTime give_up = SteadyTime::max();
  MutexLock lock(slot->mutex);
  while (!slot->result) {
    const SteadyTime now = std::chrono::steady_clock::now();
    if (give_up == SteadyTime::max() && interrupt->stop()) give_up = now + kGrace;
    if (now >= give_up && interrupt->cancelled()) return Error{Errc::kCancelled, "cancelled"};
    if (now >= give_up) return Error{Errc::kTimedOut, "no answer in time"};
    lock.wait_until(slot->filled, now + kTick);
  }
  return *std::move(slot->result);
}

}  // namespace clipbuf::detail
