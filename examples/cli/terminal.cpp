#include "terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>

namespace cli {
namespace {

// Signal handlers reach nothing but globals. The pipe carries one byte for each signal.
int g_pipe[2] = {-1, -1};
termios g_saved_terminal{};
volatile std::sig_atomic_t g_terminal_changed = 0;

constexpr std::array kWanted{SIGINT, SIGTERM, SIGHUP, SIGUSR1};
constexpr std::array kDeadly{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
std::array<struct sigaction, kWanted.size() + kDeadly.size() + 1> g_old_actions{};

void put_byte(char byte) noexcept {
  const int saved_errno = errno;
  // A full pipe means that the reader will wake anyway.
  [[maybe_unused]] const auto written = ::write(g_pipe[1], &byte, 1);
  errno = saved_errno;
}

extern "C" void on_wanted_signal(int signal) {
  put_byte(static_cast<char>(signal));
}

extern "C" void on_deadly_signal(int signal) {
  InputQueue::restore_terminal();
  ::raise(signal);  // SA_RESETHAND: now with the default action
}

void set_handler(int signal, void (*handler)(int), int flags, struct sigaction& old) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, &old);
}

void install_handlers() {
  std::size_t at = 0;
  for (const int signal : kWanted)
    set_handler(signal, on_wanted_signal, SA_RESTART, g_old_actions[at++]);
  for (const int signal : kDeadly) {
    set_handler(signal, on_deadly_signal, static_cast<int>(SA_RESETHAND), g_old_actions[at++]);
  }
  // A reader that goes away shows as a failed write, not as death with a recording left open.
  set_handler(SIGPIPE, SIG_IGN, 0, g_old_actions[at]);
}

void remove_handlers() {
  std::size_t at = 0;
  for (const int signal : kWanted)
    ::sigaction(signal, &g_old_actions[at++], nullptr);
  for (const int signal : kDeadly)
    ::sigaction(signal, &g_old_actions[at++], nullptr);
}

// Only the foreground may change the terminal; a process in the background would be stopped.
bool owns_terminal() {
  return ::isatty(0) == 1 && ::tcgetpgrp(0) == ::getpgrp();
}

bool enter_key_mode() {
  if (!owns_terminal() || ::tcgetattr(0, &g_saved_terminal) != 0) return false;
  termios keys = g_saved_terminal;
  keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  keys.c_cc[VMIN] = 0;
  keys.c_cc[VTIME] = 0;
  // Ctrl-C stays a signal. Ctrl-Z and Ctrl-\ would leave the shell with a terminal that doesn't
  // echo.
  keys.c_cc[VSUSP] = _POSIX_VDISABLE;
  keys.c_cc[VQUIT] = _POSIX_VDISABLE;
  g_terminal_changed = 1;
  return ::tcsetattr(0, TCSADRAIN, &keys) == 0;
}

std::optional<Input> from_signal(int signal) {
  switch (signal) {
    case SIGINT:
      return Input::kInterrupt;
    case SIGTERM:
    case SIGHUP:
      return Input::kTerminate;
    case SIGUSR1:
      return Input::kSave;
    default:
      return std::nullopt;  // wake()
  }
}

std::optional<Input> from_key(char key) {
  switch (key) {
    case 'c':
      return Input::kSave;
    case 'r':
      return Input::kRecord;
    case 'q':
      return Input::kQuit;
    default:
      return std::nullopt;
  }
}

// The bytes that are there now. False at the end of the file or when the terminal has gone.
template <class Translate>
bool take_bytes(int descriptor, Translate translate, std::vector<Input>& out) {
  std::array<char, 64> bytes{};
  const auto count = ::read(descriptor, bytes.data(), bytes.size());
  if (count <= 0) return count < 0 && (errno == EINTR || errno == EAGAIN);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    if (const auto input = translate(bytes[i])) out.push_back(*input);
  }
  return true;
}

}  // namespace

bool is_terminal(int descriptor) noexcept {
  return ::isatty(descriptor) == 1;
}

std::size_t terminal_width(int descriptor) noexcept {
  winsize size{};
  const bool known = ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

bool may_read_and_write(const std::string& path) noexcept {
  return ::access(path.c_str(), R_OK | W_OK) == 0;
}

InputQueue::InputQueue(Keys keys) {
  if (::pipe2(g_pipe, O_CLOEXEC | O_NONBLOCK) != 0) g_pipe[0] = g_pipe[1] = -1;
  install_handlers();
  reads_keys_ = keys == Keys::kRead && enter_key_mode();
}

InputQueue::~InputQueue() {
  restore_terminal();
  remove_handlers();
  // The pipe stays open: a thread that still runs may wake() it, and the descriptor must not have
  // become somebody else's.
}

std::vector<Input> InputQueue::wait(clipbuf::Duration timeout) {
  using std::chrono::milliseconds;
  const auto wait_ms =
      std::chrono::ceil<milliseconds>(std::max(timeout, clipbuf::Duration{0})).count();
  std::array<pollfd, 2> files{{{g_pipe[0], POLLIN, 0}, {reads_keys_ ? 0 : -1, POLLIN, 0}}};
  std::vector<Input> inputs;
  if (::poll(files.data(), files.size(), static_cast<int>(std::min<long long>(wait_ms, 60'000))) <=
      0) {
    return inputs;
  }
  if (files[0].revents != 0) take_bytes(g_pipe[0], from_signal, inputs);
  if (files[1].revents != 0 && !take_bytes(0, from_key, inputs)) reads_keys_ = false;
  return inputs;
}

void InputQueue::wake() noexcept {
  put_byte(0);
}

void InputQueue::restore_terminal() noexcept {
  if (g_terminal_changed == 0) return;
  ::signal(SIGTTOU, SIG_IGN);  // also when the shell has put us into the background meanwhile
  ::tcsetattr(0, TCSADRAIN, &g_saved_terminal);
  g_terminal_changed = 0;
}

}  // namespace cli
