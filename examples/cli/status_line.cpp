#include "status_line.hpp"

#include "text.hpp"

namespace cli {
namespace {

using clipbuf::CameraState;

const char* state_colour(CameraState state) {
  switch (state) {
    case CameraState::kRunning:
      return "\033[32m";
    case CameraState::kOpening:
    case CameraState::kReconnecting:
      return "\033[33m";
    case CameraState::kEnded:
    case CameraState::kClosed:
      return "\033[2m";
  }
  return "";
}

// Whole seconds: the line has to fit into 80 columns.
std::string seconds_text(clipbuf::Duration duration) {
  return clipbuf::to_string(std::chrono::floor<std::chrono::seconds>(duration));
}

// "28/537 MB", "3.4 MB" without a limit.
std::string megabytes_text(const clipbuf::BufferStatus& buffer) {
  const double held = static_cast<double>(buffer.bytes_held) / 1e6;
  std::string text = number_text(held, held < 10 ? 1 : 0);
  if (buffer.max_bytes > 0)
    text += "/" + number_text(static_cast<double>(buffer.max_bytes) / 1e6, 0);
  return text + " MB";
}

}  // namespace

std::string status_line(const clipbuf::CameraStatus& status, const Activity& activity,
                        std::size_t width, bool colours) {
  const clipbuf::BufferStatus& buffer = status.buffer;
  const std::string state(clipbuf::camera_state_name(status.state));
  std::string text;
  if (activity.recording) text += "  rec " + seconds_text(*activity.recording);
  text += "  " + number_text(status.fps_in, 1) + " fps  covered " +
          seconds_text(buffer.covered_length) + "  held " + megabytes_text(buffer);
  text += "  gop " + duration_text(buffer.gop_length) + "  drops " +
          std::to_string(dropped_packets(buffer.dropped)) + "  reconnects " +
          std::to_string(status.reconnects);
  if (activity.saving > 0) text += "  saving " + std::to_string(activity.saving);
  if (!buffer.warning.empty()) text += "  ! " + buffer.warning;

  // One column stays free: a character in the last one would make some terminals begin a new line.
  const std::size_t room = width > state.size() + 1 ? width - state.size() - 1 : 0;
  text = text.substr(0, room);
  if (!colours) return state + text;
  return state_colour(status.state) + state + "\033[0m" + text;
}

}  // namespace cli
