#include "detail/v4l2_device.hpp"

#include "detail/try.hpp"

#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>

namespace clipbuf::detail {
namespace {

struct FormatPair {
  std::uint32_t fourcc;
  const char* name;
};
constexpr std::array<FormatPair, 9> kFormats{{{V4L2_PIX_FMT_MJPEG, "mjpeg"},
                                              {V4L2_PIX_FMT_JPEG, "mjpeg"},
                                              {V4L2_PIX_FMT_H264, "h264"},
                                              {V4L2_PIX_FMT_YUYV, "yuyv422"},
                                              {V4L2_PIX_FMT_NV12, "nv12"},
                                              {V4L2_PIX_FMT_YUV420, "yuv420p"},
                                              {V4L2_PIX_FMT_BGR24, "bgr24"},
                                              {V4L2_PIX_FMT_RGB24, "rgb24"},
                                              {V4L2_PIX_FMT_GREY, "gray8"}}};
constexpr std::array<std::array<int, 2>, 5> kUsualSizes{
    {{320, 240}, {640, 480}, {1280, 720}, {1920, 1080}, {3840, 2160}}};

/// ioctl that is not stopped by a signal; 0, or errno.
template <class T>
int control(int fd, unsigned long request, T* argument) {
  int result = 0;
  do {
    result = ::ioctl(fd, request, argument);
  } while (result < 0 && errno == EINTR);
  return result < 0 ? errno : 0;
}

const char* name_of(std::uint32_t fourcc) {
  for (const FormatPair& pair : kFormats) {
    if (pair.fourcc == fourcc) return pair.name;
  }
  return nullptr;
}

int open_device(const std::string& path) {
  return ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

std::uint32_t capabilities(const v4l2_capability& capability) {
  return (capability.capabilities & V4L2_CAP_DEVICE_CAPS) != 0 ? capability.device_caps
                                                               : capability.capabilities;
}

std::string card_of(const v4l2_capability& capability) {
  const auto* text = reinterpret_cast<const char*>(capability.card);
  return {text, ::strnlen(text, sizeof(capability.card))};
}

double per_second(const v4l2_fract& interval) {
  return interval.numerator == 0 ? 0
                                 : static_cast<double>(interval.denominator) / interval.numerator;
}

/// Adds a mode per rate the driver names, or one without a rate.
void add_rates(int fd, std::uint32_t fourcc, WebcamMode mode, std::vector<WebcamMode>& modes) {
  constexpr std::uint32_t kMost = 64;
  for (std::uint32_t i = 0; i < kMost; ++i) {
    v4l2_frmivalenum rate{};
    rate.index = i;
    rate.pixel_format = fourcc;
    rate.width = static_cast<std::uint32_t>(mode.width);
    rate.height = static_cast<std::uint32_t>(mode.height);
    if (control(fd, VIDIOC_ENUM_FRAMEINTERVALS, &rate) != 0) {
      if (i == 0) modes.push_back(mode);
      return;
    }
    if (rate.type != V4L2_FRMIVAL_TYPE_DISCRETE) {
      mode.fps = per_second(rate.stepwise.min);  // the shortest interval
      modes.push_back(mode);
      return;
    }
    mode.fps = per_second(rate.discrete);
    modes.push_back(mode);
  }
}

/// The nearest size that a range of sizes has.
int fit(int value, std::uint32_t min, std::uint32_t max, std::uint32_t step) {
  const auto low = static_cast<int>(min);
  const auto high = static_cast<int>(max);
  const int raster = std::max(static_cast<int>(step), 1);
  const int inside = std::clamp(value, low, std::max(low, high));
  return low + (inside - low) / raster * raster;
}

void add_sizes(int fd, std::uint32_t fourcc, const char* name, const WebcamWish& wish,
               std::vector<WebcamMode>& modes) {
  constexpr std::uint32_t kMost = 128;
  for (std::uint32_t i = 0; i < kMost; ++i) {
    v4l2_frmsizeenum size{};
    size.index = i;
    size.pixel_format = fourcc;
    if (control(fd, VIDIOC_ENUM_FRAMESIZES, &size) != 0) return;
    if (size.type == V4L2_FRMSIZE_TYPE_DISCRETE) {
      add_rates(
          fd, fourcc,
          {name, static_cast<int>(size.discrete.width), static_cast<int>(size.discrete.height), 0},
          modes);
      continue;
    }
    const auto add = [&](int width, int height) {
      const auto& s = size.stepwise;
      add_rates(fd, fourcc,
                {name, fit(width, s.min_width, s.max_width, s.step_width),
                 fit(height, s.min_height, s.max_height, s.step_height), 0},
                modes);
    };
    if (wish.width > 0 && wish.height > 0) add(wish.width, wish.height);
    for (const auto& usual : kUsualSizes)
      add(usual[0], usual[1]);
    return;  // a range is the only entry
  }
}

}  // namespace

std::vector<std::string> list_webcams() {
  constexpr int kMost = 64;
  std::vector<std::string> found;
  for (int i = 0; i < kMost; ++i) {
    const std::string path = "/dev/video" + std::to_string(i);
    const int fd = open_device(path);
    if (fd < 0) {
      if (errno != ENOENT && errno != ENODEV && errno != ENXIO) found.push_back(path);
      continue;
    }
    v4l2_capability capability{};
    const bool camera = control(fd, VIDIOC_QUERYCAP, &capability) == 0 &&
                        (capabilities(capability) & V4L2_CAP_VIDEO_CAPTURE) != 0;
    ::close(fd);
    if (camera) found.push_back(path + " (" + card_of(capability) + ")");
  }
  return found;
}

Error V4l2Device::failed(int number) const {
  const bool absent = number == ENOENT || number == ENODEV || number == ENXIO;
  return webcam_error(number, path_, absent ? list_webcams() : std::vector<std::string>());
}

Error V4l2Device::lost(int number) const {
  const std::string why = number == ENODEV || number == 0
                              ? "was unplugged"
                              : "failed: " + std::generic_category().message(number);
  return {Errc::kSourceLost, path_ + " " + why};
}

Result<std::unique_ptr<V4l2Device>> V4l2Device::open(const std::string& path) {
  std::unique_ptr<V4l2Device> device(new V4l2Device(path));
  device->fd_ = open_device(path);
  if (device->fd_ < 0) return device->failed(errno);
  v4l2_capability capability{};
  if (const int number = control(device->fd_, VIDIOC_QUERYCAP, &capability); number != 0) {
    return device->failed(number);
  }
  device->card_ = card_of(capability);
  const std::uint32_t needed = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
  if ((capabilities(capability) & needed) != needed) {
    return Error{Errc::kUnsupported,
                 path + " (" + device->card_ + ") does not capture pictures one plane at a time"};
  }
  return device;
}

V4l2Device::~V4l2Device() {
  if (streaming_) {
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    control(fd_, VIDIOC_STREAMOFF, &type);
  }
  for (const Mapping& mapping : mappings_)
    ::munmap(mapping.data, mapping.size);
  if (fd_ >= 0) ::close(fd_);
}

std::vector<WebcamMode> V4l2Device::modes(const WebcamWish& wish) const {
  constexpr std::uint32_t kMost = 64;
  std::vector<WebcamMode> modes;
  for (std::uint32_t i = 0; i < kMost; ++i) {
    v4l2_fmtdesc format{};
    format.index = i;
    format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    if (control(fd_, VIDIOC_ENUM_FMT, &format) != 0) break;
    const char* name = name_of(format.pixelformat);
    if (name != nullptr) add_sizes(fd_, format.pixelformat, name, wish, modes);
  }
  return modes;
}

Result<WebcamMode> V4l2Device::start(const WebcamMode& wanted) {
  WebcamMode mode = wanted;
  CLIPBUF_TRY(set_format(mode));
  set_rate(mode);
  CLIPBUF_TRY(map_buffers());
  int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  if (const int number = control(fd_, VIDIOC_STREAMON, &type); number != 0) return failed(number);
  streaming_ = true;
  return mode;
}

Result<void> V4l2Device::set_format(WebcamMode& mode) {
  int number = 0;
  // Two numbers stand for a JPEG; a driver knows one of them.
  for (const FormatPair& pair : kFormats) {
    if (mode.format != pair.name) continue;
    v4l2_format format{};
    format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    format.fmt.pix.width = static_cast<std::uint32_t>(mode.width);
    format.fmt.pix.height = static_cast<std::uint32_t>(mode.height);
    format.fmt.pix.pixelformat = pair.fourcc;
    format.fmt.pix.field = V4L2_FIELD_ANY;
    number = control(fd_, VIDIOC_S_FMT, &format);
    if (number != 0 || format.fmt.pix.pixelformat != pair.fourcc) continue;
    mode.width = static_cast<int>(format.fmt.pix.width);
    mode.height = static_cast<int>(format.fmt.pix.height);
    row_bytes_ = format.fmt.pix.bytesperline;
    full_range_ = format.fmt.pix.quantization == V4L2_QUANTIZATION_FULL_RANGE;
    return {};
  }
  if (number != 0 && number != EINVAL) return failed(number);
  return Error{Errc::kUnsupported, path_ + ": the driver refuses " + mode.format};
}

/// Drivers that have no such setting keep the rate they have.
void V4l2Device::set_rate(WebcamMode& mode) {
  v4l2_streamparm parameters{};
  parameters.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  if (mode.fps > 0) {
    parameters.parm.capture.timeperframe = {
        1000, static_cast<std::uint32_t>(std::lround(mode.fps * 1000))};
    if (control(fd_, VIDIOC_S_PARM, &parameters) != 0) return;
  } else if (control(fd_, VIDIOC_G_PARM, &parameters) != 0) {
    return;
  }
  const double fps = per_second(parameters.parm.capture.timeperframe);
  if (fps > 0) mode.fps = fps;
}

Result<void> V4l2Device::map_buffers() {
  constexpr std::uint32_t kBuffers = 6;
  v4l2_requestbuffers request{};
  request.count = kBuffers;
  request.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  request.memory = V4L2_MEMORY_MMAP;
  if (const int number = control(fd_, VIDIOC_REQBUFS, &request); number != 0) return failed(number);
  for (std::uint32_t i = 0; i < request.count; ++i) {
    v4l2_buffer buffer{};
    buffer.index = i;
    buffer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    buffer.memory = V4L2_MEMORY_MMAP;
    if (const int number = control(fd_, VIDIOC_QUERYBUF, &buffer); number != 0)
      return failed(number);
    void* data = ::mmap(nullptr, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED, fd_,
                        static_cast<off_t>(buffer.m.offset));
    if (data == MAP_FAILED) return failed(errno);
    mappings_.push_back({data, buffer.length});
    if (const int number = control(fd_, VIDIOC_QBUF, &buffer); number != 0) return failed(number);
  }
  if (mappings_.size() < 2) {
    return Error{Errc::kSourceUnavailable,
                 path_ + ": the driver gave " + std::to_string(mappings_.size()) + " buffers"};
  }
  return {};
}

/// Polls in short slices: a cancellation is seen within one of them.
Result<void> V4l2Device::wait(Interrupt& interrupt) const {
  constexpr int kSliceMs = 50;
  while (true) {
    if (interrupt.cancelled()) return Error{Errc::kCancelled, path_ + ": cancelled"};
    if (interrupt.expired()) return Error{Errc::kTimedOut, path_ + ": no picture in time"};
    pollfd waiting{fd_, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, kSliceMs);
    if (ready < 0 && errno != EINTR) return lost(errno);
    if (ready <= 0) continue;
    if ((waiting.revents & POLLHUP) != 0) return lost(ENODEV);
    return {};  // POLLERR too: the next call says which error
  }
}

Result<void> V4l2Device::read(Interrupt& interrupt,
                              const std::function<Result<void>(const V4l2Buffer&)>& take) {
  while (true) {
    CLIPBUF_TRY(wait(interrupt));
    v4l2_buffer buffer{};
    buffer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    buffer.memory = V4L2_MEMORY_MMAP;
    const int number = control(fd_, VIDIOC_DQBUF, &buffer);
    if (number == EAGAIN) continue;
    if (number != 0) return lost(number);
    Result<void> taken;
    const bool good = (buffer.flags & V4L2_BUF_FLAG_ERROR) == 0 && buffer.bytesused > 0 &&
                      buffer.index < mappings_.size();
    if (good) {
      const Mapping& mapping = mappings_[buffer.index];
      const std::size_t size = std::min<std::size_t>(buffer.bytesused, mapping.size);
      const bool monotonic =
          (buffer.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
      const Duration captured =
          std::chrono::seconds(buffer.timestamp.tv_sec) + Duration(buffer.timestamp.tv_usec);
      taken = take({{static_cast<const std::byte*>(mapping.data), size},
                    monotonic ? captured : system_clock().steady()});
    }
    if (const int again = control(fd_, VIDIOC_QBUF, &buffer); again != 0) return lost(again);
    if (good) return taken;
  }
}

}  // namespace clipbuf::detail
