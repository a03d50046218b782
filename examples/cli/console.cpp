#include "console.hpp"

#include "terminal.hpp"

#include <clipbuf/source.hpp>

#include <cstdio>
#include <cstdlib>

namespace cli {
namespace {

bool variable_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

bool dumb_terminal() {
  const char* term = std::getenv("TERM");
  return term == nullptr || std::string_view(term) == "dumb" || *term == '\0';
}

// Control characters could redraw the terminal; a file name may hold any.
std::string without_controls(std::string_view text) {
  std::string line(text);
  while (!line.empty() && line.back() == '\n')
    line.pop_back();
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return line;
}

bool write_line(std::FILE* file, std::string_view line) {
  const std::string whole = std::string(line) + '\n';
  return std::fwrite(whole.data(), 1, whole.size(), file) == whole.size() && std::fflush(file) == 0;
}

const char* level_name(clipbuf::LogLevel level) {
  switch (level) {
    case clipbuf::LogLevel::kError:
      return "error";
    case clipbuf::LogLevel::kWarning:
      return "warning";
    case clipbuf::LogLevel::kInfo:
      return "info";
    case clipbuf::LogLevel::kDebug:
      return "debug";
  }
  return "log";
}

}  // namespace

std::string safe_line(std::string_view text) {
  return clipbuf::redact(without_controls(text));
}

Console::Console()
    : terminal_(is_terminal(2) && !dumb_terminal()),
      colours_(terminal_ && !variable_set("NO_COLOR")) {}

Console::~Console() {
  status("");
}

void Console::out(std::string_view line) {
  const std::lock_guard lock(mutex_);
  clear_status();
  // A JSON document is not touched: the library has redacted it, and it has no line breaks.
  if (!write_line(stdout, line)) out_failed_ = true;
}

void Console::note(std::string_view line) {
  const std::lock_guard lock(mutex_);
  clear_status();
  write_line(stderr, safe_line(line));
}

void Console::error(std::string_view what) {
  note("clipbuf: " + std::string(what));
}

void Console::status(std::string_view text) {
  if (!terminal_) return;
  const std::lock_guard lock(mutex_);
  clear_status();
  if (text.empty()) return;
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
  status_shown_ = true;
}

void Console::clear_status() {
  if (!status_shown_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  status_shown_ = false;
}

std::size_t Console::width() const noexcept {
  return terminal_width(2);
}

bool Console::out_failed() const {
  const std::lock_guard lock(mutex_);
  return out_failed_;
}

clipbuf::Log Console::log() {
  return [this](clipbuf::LogLevel level, std::string_view component, std::string_view line) {
    note(std::string(level_name(level)) + " " + std::string(component) + ": " + std::string(line));
  };
}

}  // namespace cli
