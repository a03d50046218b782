// What a webcam can deliver, which of it to take, and what its errors mean. Pure: no device is
// touched.
#pragma once

#include <clipbuf/config.hpp>
#include <clipbuf/frame.hpp>

#include <span>
#include <string>
#include <vector>

namespace clipbuf::detail {

/// One way a webcam can be set.
struct WebcamMode {
  std::string format;  ///< "mjpeg", "h264", or a PixelFormat's name
  int width = 0;
  int height = 0;
  double fps = 0;  ///< 0: the driver does not say
  friend bool operator==(const WebcamMode&, const WebcamMode&) = default;
};

/// What is wanted of it; empty and 0: no wish.
struct WebcamWish {
  std::string format;
  int width = 0;
  int height = 0;
  double fps = 0;
  bool packets_only = false;  ///< codec=copy: no raw pictures
  bool prefer_jpeg = false;   ///< codec=jpeg
};

/// Errors: kInvalidArgument (size or pixel_format make no sense).
Result<WebcamWish> webcam_wish(const Config& config);

/// Nearest in size, then fast enough, then by format: raw pictures where the camera can deliver
/// them that large and that fast, else MJPEG; H.264 only where it is asked for. Errors:
/// kUnsupported (nothing fits; the message lists what there is).
Result<WebcamMode> choose_mode(std::span<const WebcamMode> modes, const WebcamWish& wish);

bool is_packet_format(const std::string& format) noexcept;

/// A view of a raw picture as V4L2 lays it out; `row_bytes` are the first plane's.
/// Errors: kCorruptData (too few bytes), kUnsupported.
Result<FrameView> view_of_raw(const WebcamMode& mode, std::size_t row_bytes,
                              std::span<const std::byte> data);

/// What an errno means that opening or setting `path` gave; `others` are the cameras there are.
Error webcam_error(int number, const std::string& path, std::span<const std::string> others);

}  // namespace clipbuf::detail
