// Progress: a bar on the terminal for work that takes longer than a moment.
#pragma once

#include "console.hpp"

#include <chrono>

namespace cli {

class Progress {
 public:
  explicit Progress(Console& console) : console_(console) {}
  ~Progress() { console_.status(""); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Shows how far `what` is, 0..1. Short work shows nothing.
  void show(const char* what, double fraction);

 private:
  Console& console_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace cli
