#include "source/webcam_format.hpp"

#include "detail/try.hpp"
#include "source/pattern.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <system_error>
#include <tuple>

namespace clipbuf::detail {
namespace {

struct Alias {
  std::string_view name;
  std::string_view format;
};
constexpr std::array<Alias, 8> kAliases{{{"mjpg", "mjpeg"},
                                         {"jpeg", "mjpeg"},
                                         {"avc", "h264"},
                                         {"yuyv", "yuyv422"},
                                         {"yuy2", "yuyv422"},
                                         {"i420", "yuv420p"},
                                         {"bgr", "bgr24"},
                                         {"rgb", "rgb24"}}};

std::string canonical(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  for (const Alias& alias : kAliases) {
    if (name == alias.name) return std::string(alias.format);
  }
  return name;
}

std::string text_of(const WebcamMode& mode) {
  std::string text =
      mode.format + " " + std::to_string(mode.width) + "x" + std::to_string(mode.height);
  if (mode.fps > 0) text += " " + std::to_string(std::lround(mode.fps)) + " fps";
  return text;
}

std::string list_of(std::span<const WebcamMode> modes) {
  constexpr std::size_t kMost = 12;
  std::string text;
  for (std::size_t i = 0; i < std::min(modes.size(), kMost); ++i) {
    text += (i == 0 ? "" : ", ") + text_of(modes[i]);
  }
  if (modes.size() > kMost) text += ", " + std::to_string(modes.size() - kMost) + " more";
  return text.empty() ? "nothing" : text;
}

bool allowed(const WebcamMode& mode, const WebcamWish& wish) {
  const bool raw = !is_packet_format(mode.format);
  if (raw && pixel_format_from_name(mode.format) == PixelFormat::kUnknown) return false;
  if (raw && wish.packets_only) return false;
  if (!wish.format.empty()) return mode.format == wish.format;
  return mode.format != "h264" || wish.packets_only;
}

/// Smaller is better.
std::tuple<double, double, int, double> cost_of(const WebcamMode& mode, const WebcamWish& wish) {
  const double width = wish.width > 0 ? wish.width : 640;
  const double height = wish.height > 0 ? wish.height : 480;
  const double fps = wish.fps > 0 ? wish.fps : 30;
  const double distance =
      std::abs(std::log(mode.width / width)) + std::abs(std::log(mode.height / height));
  // A camera that is slower by a tenth is as good: 27.5 for 30.
  const double missing = mode.fps > 0 && mode.fps < fps * 0.9 ? fps - mode.fps : 0;
  int rank = is_packet_format(mode.format) ? 1 : 0;
  if (wish.prefer_jpeg) rank = mode.format == "mjpeg" ? 0 : 1;
  if (rank == 0 && mode.format == "gray8") rank = 2;
  const double beyond = mode.fps > 0 ? std::abs(mode.fps - fps) : 0;
  return {distance, missing, rank, beyond};
}

}  // namespace

bool is_packet_format(const std::string& format) noexcept {
  return format == "mjpeg" || format == "h264";
}

Result<WebcamWish> webcam_wish(const Config& config) {
  WebcamWish wish;
  if (!config.size.empty()) {
    CLIPBUF_TRY_SET(const Size size, parse_size(config.size, config.max_pixels));
    wish.width = size.width;
    wish.height = size.height;
  }
  wish.fps = std::isfinite(config.fps) ? std::max(config.fps, 0.0) : 0;
  wish.format = canonical(config.pixel_format);
  const bool known = wish.format.empty() || is_packet_format(wish.format) ||
                     pixel_format_from_name(wish.format) != PixelFormat::kUnknown;
  if (!known) {
    return Error{Errc::kInvalidArgument,
                 "pixel_format '" + config.pixel_format +
                     "' is not known; there are mjpeg, h264, yuyv422, nv12, "
                     "yuv420p, bgr24, rgb24 and gray8"};
  }
  if (!wish.format.empty() && !is_packet_format(wish.format)) {
    wish.format = pixel_format_name(pixel_format_from_name(wish.format));
  }
  wish.packets_only = config.codec == "copy";
  wish.prefer_jpeg = config.codec == "jpeg";
  return wish;
}

Result<WebcamMode> choose_mode(std::span<const WebcamMode> modes, const WebcamWish& wish) {
  const WebcamMode* best = nullptr;
  for (const WebcamMode& mode : modes) {
    if (mode.width <= 0 || mode.height <= 0 || !allowed(mode, wish)) continue;
    if (best == nullptr || cost_of(mode, wish) < cost_of(*best, wish)) best = &mode;
  }
  if (best != nullptr) return *best;
  const std::string what = !wish.format.empty() ? wish.format
                           : wish.packets_only  ? "mjpeg or h264 (codec=copy)"
                                                : "a format that is known";
  return Error{Errc::kUnsupported, "the camera has no " + what + "; it has " + list_of(modes)};
}

Result<FrameView> view_of_raw(const WebcamMode& mode, std::size_t row_bytes,
                              std::span<const std::byte> data) {
  FrameView view;
  view.format = pixel_format_from_name(mode.format);
  view.width = mode.width;
  view.height = mode.height;
  const PlaneLayout layout = plane_layout(view.format, mode.width, mode.height);
  if (layout.planes == 0)
    return Error{Errc::kUnsupported, "no pixel format is called " + mode.format};
  row_bytes = std::max(row_bytes, layout.row_bytes[0]);
  std::size_t offset = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(layout.planes); ++i) {
    // Chroma rows are padded in the luma's proportion: V4L2 gives one number for all planes.
    const std::size_t halved = layout.row_bytes[i] * 2 <= layout.row_bytes[0] + 1 ? 2 : 1;
    const std::size_t stride =
        i == 0 ? row_bytes : std::max(row_bytes / halved, layout.row_bytes[i]);
    view.planes[i] = data.data() + offset;
    view.strides[i] = static_cast<std::ptrdiff_t>(stride);
    const std::size_t used = stride * (layout.rows[i] - 1) + layout.row_bytes[i];
    if (offset + used > data.size()) {
      return Error{Errc::kCorruptData, "a picture of " + std::to_string(data.size()) + " bytes, " +
                                           std::to_string(offset + used) + " are needed"};
    }
    offset += stride * layout.rows[i];
  }
  return view;
}

Error webcam_error(int number, const std::string& path, std::span<const std::string> others) {
  switch (number) {
    case EBUSY:
      return {Errc::kSourceUnavailable, path + " is used by another program"};
    case EACCES:
    case EPERM:
      return {Errc::kSourceUnavailable,
              "no permission to open " + path + ": join the group video, or run as its owner"};
    case ENOTTY:
    case EINVAL:
      return {Errc::kSourceUnavailable, path + " is no camera"};
    case ENOMEM:
      return {Errc::kOutOfMemory, path + ": no memory for its pictures"};
    case ENOENT:
    case ENODEV:
    case ENXIO:
      break;
    default:
      return {Errc::kSourceUnavailable, path + ": " + std::generic_category().message(number)};
  }
  std::string text = "no such camera: " + path + "; ";
  if (others.empty()) return {Errc::kSourceUnavailable, text + "there is none"};
  text += "there are: ";
  for (std::size_t i = 0; i < others.size(); ++i)
    text += (i == 0 ? "" : ", ") + others[i];
  return {Errc::kSourceUnavailable, text};
}

}  // namespace clipbuf::detail
