// Webcams through V4L2.
#pragma once

#include <clipbuf/source.hpp>

namespace clipbuf::detail {

/// The camera behind a device path, not opened yet.
Result<std::unique_ptr<Source>> make_webcam(std::string path, const Config& config);

}  // namespace clipbuf::detail
