#include "progress.hpp"

#include "text.hpp"

#include <algorithm>

namespace cli {

void Progress::show(const char* what, double fraction) {
  using namespace std::chrono_literals;
  if (!console_.shows_status() || std::chrono::steady_clock::now() - begin_ < 300ms) return;
  const double part = std::clamp(fraction, 0.0, 1.0);
  const std::size_t cells = std::clamp<std::size_t>(console_.width() / 2, 10, 40);
  const auto full = static_cast<std::size_t>(part * static_cast<double>(cells));
  console_.status(std::string(what) + " [" + std::string(full, '#') +
                  std::string(cells - full, '.') + "] " + number_text(part * 100, 0) + " %");
}

}  // namespace cli
