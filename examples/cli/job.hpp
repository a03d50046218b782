// A long piece of work that Ctrl-C can end.
#pragma once

#include "terminal.hpp"

#include <functional>

namespace cli {

struct Job {
  std::function<void()> work;  ///< on a thread of its own
  std::function<void()>
      cancel;                  ///< when interrupted, on the calling thread: make work() return soon
  std::function<void()> tick;  ///< some times a second, on the calling thread; may be empty
};

/// Runs it to its end; true when it was interrupted. Rethrows what work() throws.
bool run_job(const Job& job);

/// The same with somebody else's queue, which keeps what it holds of other inputs to itself.
bool run_job(const Job& job, InputQueue& inputs);

}  // namespace cli
