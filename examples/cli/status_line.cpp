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

}  // namespace

std::string status_line(const clipbuf::CameraStatus& status, const Activity& activity,
                        std::size_t width, bool colours) {
  const clipbuf::BufferStatus& buffer = status.buffer;
  const std::string state(clipbuf::camera_state_name(status.state));
  std::string text = "  " + number_text(status.fps_in, 1) + " fps  covered " +
                     duration_text(buffer.covered_length) + "  held " +
                     bytes_text(buffer.bytes_held);
  if (buffer.max_bytes > 0) text += " of " + bytes_text(buffer.max_bytes);
  text += "  gop " + duration_text(buffer.gop_length) + "  drops " +
          std::to_string(dropped_packets(buffer.dropped)) + "  reconnects " +
          std::to_string(status.reconnects);
  if (activity.recording) text += "  rec " + duration_text(*activity.recording);
  if (activity.saving > 0) text += "  saving " + std::to_string(activity.saving);
  if (!buffer.warning.empty()) text += "  ! " + buffer.warning;

  // One column stays free: a character in the last one would make some terminals begin a new line.
  const std::size_t room = width > state.size() + 1 ? width - state.size() - 1 : 0;
  text = text.substr(0, room);
  if (!colours) return state + text;
  return state_colour(status.state) + state + "\033[0m" + text;
}

}  // namespace cli
