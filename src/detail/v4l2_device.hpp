// V4l2Device: one open camera of Linux's V4L2, streaming through mapped buffers. All of POSIX that
// a webcam needs is behind this header.
#pragma once

#include "detail/interrupt.hpp"
#include "source/webcam_format.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace clipbuf::detail {

/// One buffer that the driver filled; the bytes are valid for the call only.
struct V4l2Buffer {
  std::span<const std::byte> data;
  Duration captured{0};  ///< on the steady clock
};

/// Thread word: bound.
class V4l2Device {
 public:
  /// Errors: see webcam_error(); kUnsupported (a device that does not capture this way).
  static Result<std::unique_ptr<V4l2Device>> open(const std::string& path);
  V4l2Device(const V4l2Device&) = delete;
  V4l2Device& operator=(const V4l2Device&) = delete;
  ~V4l2Device();

  const std::string& card() const noexcept { return card_; }

  /// What it can deliver. Where it takes any size, the wished one and the usual ones are listed.
  std::vector<WebcamMode> modes(const WebcamWish& wish) const;

  /// Sets the mode and starts streaming; returns what the driver made of it.
  Result<WebcamMode> start(const WebcamMode& mode);

  std::size_t row_bytes() const noexcept { return row_bytes_; }
  bool full_range() const noexcept { return full_range_; }

  /// Waits for the next picture and gives it to `take`. Errors: kTimedOut, kCancelled, kSourceLost
  /// (unplugged), those of `take`.
  Result<void> read(Interrupt& interrupt,
                    const std::function<Result<void>(const V4l2Buffer&)>& take);

 private:
  explicit V4l2Device(std::string path) : path_(std::move(path)) {}
  struct Mapping {
    void* data = nullptr;
    std::size_t size = 0;
  };

  Result<void> set_format(WebcamMode& mode);
  void set_rate(WebcamMode& mode);
  Result<void> map_buffers();
  Result<void> wait(Interrupt& interrupt) const;
  Error lost(int number) const;
  Error failed(int number) const;

  const std::string path_;
  std::string card_;
  int fd_ = -1;
  bool streaming_ = false;
  bool full_range_ = false;
  std::size_t row_bytes_ = 0;
  std::vector<Mapping> mappings_;
};

/// The capture devices there are, as "/dev/video0 (name)".
std::vector<std::string> list_webcams();

}  // namespace clipbuf::detail
