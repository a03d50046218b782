// Saver: writes clips and ends recordings on a thread of its own, one after another.
#pragma once

#include <clipbuf/clip.hpp>
#include <clipbuf/recording.hpp>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace cli {

/// Thread word: thread-safe. The destructor waits for what is under way.
class Saver {
 public:
  struct Done {
    const char* event = "clip";
    clipbuf::Result<clipbuf::ClipReport> report;
  };
  using Task = std::function<clipbuf::Result<clipbuf::ClipReport>()>;

  Saver();
  ~Saver();
  Saver(const Saver&) = delete;
  Saver& operator=(const Saver&) = delete;

  /// Does `task` after those before it; its outcome comes out of take_done() under the name
  /// `event`. `cancel`, if there is one, makes it return soon.
  void add(const char* event, Task task, std::function<void()> cancel = {});

  /// Makes what waits or runs and can be cancelled end soon.
  void cancel();

  /// What has become done since the last call. Each one wakes the InputQueue.
  std::vector<Done> take_done();

  /// Tasks waiting or under way.
  std::size_t pending() const;

 private:
  struct Item {
    const char* event;
    Task task;
    std::function<void()> cancel;
  };
  void work();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> waiting_;
  std::vector<Done> done_;
  bool busy_ = false;
  std::function<void()> cancel_busy_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace cli
