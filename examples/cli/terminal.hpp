// What only the operating system knows: terminals, keys, signals. The only POSIX of the program.
#pragma once

#include <clipbuf/time.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace cli {

bool is_terminal(int descriptor) noexcept;
std::size_t terminal_width(int descriptor) noexcept;

/// Whether this user may read and write the file (a device, say).
bool may_read_and_write(const std::string& path) noexcept;

/// What the user, or another process, wants.
enum class Input {
  kSave,       ///< key c, SIGUSR1
  kRecord,     ///< key r
  kQuit,       ///< key q
  kInterrupt,  ///< SIGINT
  kTerminate,  ///< SIGTERM, SIGHUP
};

/// Signals and, where stdin is a terminal, single key strokes, as one queue. While it lives the
/// terminal doesn't echo or wait for whole lines; the destructor puts everything back, and so does
/// the handler of a signal that kills. At most one at a time. Thread word: bound, but for wake().
class InputQueue {
 public:
  enum class Keys { kIgnored, kRead };

  explicit InputQueue(Keys keys);
  ~InputQueue();
  InputQueue(const InputQueue&) = delete;
  InputQueue& operator=(const InputQueue&) = delete;

  /// Waits until there is something, wake() is called or the time is over.
  std::vector<Input> wait(clipbuf::Duration timeout);

  /// Makes wait() return.
  static void wake() noexcept;

  bool reads_keys() const noexcept { return reads_keys_; }

  /// Gives the terminal back; for a program that is about to end without destructors.
  static void restore_terminal() noexcept;

 private:
  bool reads_keys_ = false;
};

}  // namespace cli
