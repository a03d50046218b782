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

/// Runs `work` on a thread of its own and waits for it until `interrupt` stops, and a little
/// longer: what can be interrupted comes back by itself. After that the thread is left alone; it
/// holds nothing but `work` and its result, and both are destroyed by whoever is last. `work` must
/// own all it touches.
template <class T>
Result<T> run_abandonable(const std::shared_ptr<Interrupt>& interrupt,
                          std::function<Result<T>()> work) {
  struct Slot {
    Mutex mutex;
    std::condition_variable filled;
    std::optional<Result<T>> result CLIPBUF_GUARDED_BY(mutex);
  };
  const auto slot = std::make_shared<Slot>();
  try {
    std::thread([slot, work = std::move(work)]() mutable {
      std::optional<Result<T>> result;
      try {
        result = work();
        work = nullptr;
      } catch (const std::exception& e) {
        result = Error{Errc::kInternal, e.what()};
      } catch (...) {
        result = Error{Errc::kInternal, "unknown exception"};
      }
      MutexLock lock(slot->mutex);
      slot->result = std::move(result);
      slot->filled.notify_all();
    }).detach();
  } catch (const std::system_error& e) {
    return Error{Errc::kOutOfMemory, std::string("no thread: ") + e.what()};
  }
  constexpr auto kTick = std::chrono::milliseconds(20);
  constexpr auto kGrace = std::chrono::milliseconds(400);
  std::optional<SteadyTime> give_up;
  MutexLock lock(slot->mutex);
  while (!slot->result) {
    const SteadyTime now = std::chrono::steady_clock::now();
    if (!give_up && interrupt->stop()) give_up = now + kGrace;
    if (give_up && now >= *give_up) {
      if (interrupt->cancelled()) return Error{Errc::kCancelled, "cancelled"};
      return Error{Errc::kTimedOut, "no answer in time"};
    }
    lock.wait_until(slot->filled, now + kTick);
  }
  return *std::move(slot->result);
}

}  // namespace clipbuf::detail
