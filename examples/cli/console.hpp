// Console: the one way to the screen. Results go to stdout, everything else to stderr.
#pragma once

#include <clipbuf/error.hpp>
#include <clipbuf/log.hpp>

#include <mutex>
#include <string>
#include <string_view>

namespace cli {

/// Writes whole lines; a status line at the bottom of the terminal makes room for them. Every line
/// is redacted again on its way out: text may hold what the user typed. Thread word: thread-safe.
class Console {
 public:
  Console();
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  /// A result for people, or one JSON document: a line on stdout, flushed.
  void out(std::string_view line);

  /// Anything else: a line on stderr.
  void note(std::string_view line);

  /// "clipbuf: what" on stderr, always one line.
  void error(std::string_view what);

  /// Shows `text` in place of the last status; empty takes it away. Does nothing without a
  /// terminal.
  void status(std::string_view text);

  /// Whether there is a terminal to show a status on, whether it may be coloured, how wide it is.
  bool shows_status() const noexcept { return terminal_; }
  bool colours() const noexcept { return colours_; }
  std::size_t width() const noexcept;

  /// Whether stdout still takes what is written: false once a reader such as `head` has gone.
  bool out_failed() const;

  /// A sink for the library's logs.
  clipbuf::Log log();

 private:
  void clear_status();

  mutable std::mutex mutex_;
  const bool terminal_;
  const bool colours_;
  bool status_shown_ = false;
  bool out_failed_ = false;
};

/// `text` on one line, with the secrets of every URL in it removed.
std::string safe_line(std::string_view text);

}  // namespace cli
