// Whatever cv::VideoCapture opens, as frames.
#pragma once

#include <clipbuf/source.hpp>

namespace clipbuf::detail {

/// Errors: kUnsupported (built without OpenCV), kInvalidArgument (an empty name).
Result<std::unique_ptr<Source>> make_opencv_source(std::string name, const Config& config);

}  // namespace clipbuf::detail
