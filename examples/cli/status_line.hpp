// The line at the bottom of the terminal while `record` runs.
#pragma once

#include "console.hpp"

#include <clipbuf/camera.hpp>

#include <optional>
#include <string>

namespace cli {

/// What the line shows beside the camera's own status.
struct Activity {
  std::optional<clipbuf::Duration> recording;  ///< how long a recording is by now
  std::size_t saving = 0;                      ///< saves under way
};

/// The line, cut to `width` columns; with colour codes if `colours`.
std::string status_line(const clipbuf::CameraStatus& status, const Activity& activity,
                        std::size_t width, bool colours);

}  // namespace cli
