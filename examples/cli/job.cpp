#include "job.hpp"

#include <chrono>
#include <future>

namespace cli {

bool run_job(const Job& job) {
  InputQueue inputs(InputQueue::Keys::kIgnored);
  return run_job(job, inputs);
}

bool run_job(const Job& job, InputQueue& inputs) {
  using namespace std::chrono_literals;
  auto done = std::async(std::launch::async, [&job] {
    struct Wake {
      ~Wake() { InputQueue::wake(); }
    } wake;
    job.work();
  });
  bool interrupted = false;
  // The wake-up comes just before the future is ready, hence the second look after a millisecond.
  while (done.wait_for(1ms) != std::future_status::ready) {
    for (const Input input : inputs.wait(100ms)) {
      if (input != Input::kInterrupt && input != Input::kTerminate && input != Input::kQuit)
        continue;
      interrupted = true;
      job.cancel();
    }
    if (job.tick) job.tick();
  }
  done.get();
  return interrupted;
}

}  // namespace cli
