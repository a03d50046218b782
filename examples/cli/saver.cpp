#include "saver.hpp"

#include "terminal.hpp"

namespace cli {
namespace {

clipbuf::Result<clipbuf::ClipReport> run(const Saver::Task& task) {
  try {
    return task();
  } catch (const std::exception& e) {
    return clipbuf::Error{clipbuf::Errc::kInternal, e.what()};
  }
}

}  // namespace

Saver::Saver() : thread_([this] { work(); }) {}

Saver::~Saver() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Saver::add(const char* event, Task task, std::function<void()> cancel) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({event, std::move(task), std::move(cancel)});
  }
  changed_.notify_all();
}

void Saver::cancel() {
  const std::lock_guard lock(mutex_);
  std::erase_if(waiting_, [](const Item& item) { return static_cast<bool>(item.cancel); });
  if (cancel_busy_) cancel_busy_();
}

std::vector<Saver::Done> Saver::take_done() {
  const std::lock_guard lock(mutex_);
  return std::exchange(done_, {});
}

std::size_t Saver::pending() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() + (busy_ ? 1 : 0);
}

void Saver::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const Item item = std::move(waiting_.front());
    waiting_.pop_front();
    busy_ = true;
    cancel_busy_ = item.cancel;
    lock.unlock();
    Done done{item.event, run(item.task)};
    lock.lock();
    busy_ = false;
    cancel_busy_ = {};
    done_.push_back(std::move(done));
    InputQueue::wake();
  }
}

}  // namespace cli
