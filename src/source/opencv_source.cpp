#include "source/opencv_source.hpp"

#if !defined(CLIPBUF_HAS_OPENCV)

namespace clipbuf::detail {

Result<std::unique_ptr<Source>> make_opencv_source(std::string, const Config&) {
  return Error{Errc::kUnsupported,
               "this clipbuf was built without OpenCV, so it has no opencv: source"};
}

}  // namespace clipbuf::detail

#else

#include "detail/interrupt.hpp"
#include "detail/try.hpp"
#include "source/pattern.hpp"

#include <clipbuf/opencv.hpp>

#include <opencv2/core.hpp>
#include <opencv2/videoio.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <thread>

namespace clipbuf::detail {
namespace {

bool is_number(const std::string& text) {
  return !text.empty() && text.size() <= 4 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Error opencv_error(const std::string& what, const std::exception& e) {
  std::string text = redact(e.what());
  std::replace(text.begin(), text.end(), '\n', ' ');
  return {Errc::kSourceUnavailable, what + ": " + text};
}

/// What the capturing thread and the source share. The thread holds it alone once it is left
/// behind.
struct Capture {
  explicit Capture(std::string source_name) : name(std::move(source_name)) {}
  const std::string name;
  Size size;
  double fps = 0;
  std::uint64_t max_pixels = 0;

  Mutex mutex;
  std::condition_variable changed;
  bool stop CLIPBUF_GUARDED_BY(mutex) = false;
  bool finite CLIPBUF_GUARDED_BY(mutex) = false;
  std::optional<Result<SourceInfo>> opened CLIPBUF_GUARDED_BY(mutex);
  std::optional<Result<Frame>> slot CLIPBUF_GUARDED_BY(mutex);

  std::string shown() const { return "opencv:" + redact(name); }
};

Result<SourceInfo> open_capture(Capture& capture, cv::VideoCapture& video) {
  video.setExceptionMode(false);
  // OpenCV's other backends print the name to stderr when it can't be opened.
  const bool secret = redact(capture.name) != capture.name;
  const bool open = is_number(capture.name)
                        ? video.open(std::stoi(capture.name))
                        : video.open(capture.name, secret ? cv::CAP_FFMPEG : cv::CAP_ANY);
  if (!open) return Error{Errc::kSourceUnavailable, capture.shown() + ": OpenCV can't open it"};
  if (capture.size.width > 0) {
    video.set(cv::CAP_PROP_FRAME_WIDTH, capture.size.width);
    video.set(cv::CAP_PROP_FRAME_HEIGHT, capture.size.height);
  }
  if (capture.fps > 0) video.set(cv::CAP_PROP_FPS, capture.fps);
  const auto width = std::lround(video.get(cv::CAP_PROP_FRAME_WIDTH));
  const auto height = std::lround(video.get(cv::CAP_PROP_FRAME_HEIGHT));
  if (width > 0 && height > 0 &&
      static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(height) > capture.max_pixels) {
    return Error{Errc::kSourceUnavailable,
                 capture.shown() + ": " + std::to_string(width) + "x" + std::to_string(height) +
                     " is more than max_pixels (" + std::to_string(capture.max_pixels) + ")"};
  }
  const bool finite = video.get(cv::CAP_PROP_FRAME_COUNT) > 0;
  {
    MutexLock lock(capture.mutex);
    capture.finite = finite;
  }
  return SourceInfo{
      {}, !finite, capture.shown() + ": " + std::to_string(width) + "x" + std::to_string(height)};
}

/// A file's frames keep their own times, a camera's get the time they came.
Result<Frame> read_frame(const Capture& capture, cv::VideoCapture& video, bool finite) {
  cv::Mat mat;
  if (!video.read(mat) || mat.empty()) {
    return Error{finite ? Errc::kEndOfStream : Errc::kSourceLost,
                 capture.shown() + ": no more frames"};
  }
  Timestamp timestamp = system_clock().wall();
  if (finite) {
    timestamp = Timestamp(Duration(std::llround(video.get(cv::CAP_PROP_POS_MSEC) * 1000)));
  }
  auto owner = std::make_shared<cv::Mat>(std::move(mat));
  const FrameView view = view_of(*owner, timestamp);
  if (view.format == PixelFormat::kUnknown) {
    return Error{Errc::kSourceLost,
                 capture.shown() + ": pictures of an OpenCV type that is not known"};
  }
  return Frame(view, std::move(owner));
}

/// Hands `value` over when the slot is empty; false when it is time to stop.
bool hand_over(Capture& capture, Result<Frame> value) {
  MutexLock lock(capture.mutex);
  while (!capture.stop && capture.slot)
    lock.wait(capture.changed);
  if (capture.stop) return false;
  capture.slot = std::move(value);
  capture.changed.notify_all();
  return true;
}

/// A camera drops what nobody fetched; a file waits.
void replace(Capture& capture, Result<Frame> value) {
  MutexLock lock(capture.mutex);
  capture.slot = std::move(value);
  capture.changed.notify_all();
}

bool stopped(Capture& capture) {
  MutexLock lock(capture.mutex);
  return capture.stop;
}

void run(const std::shared_ptr<Capture>& capture) {
  cv::VideoCapture video;
  Result<SourceInfo> info = open_capture(*capture, video);
  const bool ok = info.has_value();
  const bool finite = ok && !info->live;
  {
    MutexLock lock(capture->mutex);
    capture->opened = std::move(info);
    capture->changed.notify_all();
  }
  bool more = ok;
  while (more && !stopped(*capture)) {
    Result<Frame> frame = read_frame(*capture, video, finite);
    more = frame.has_value();
    if (!finite && more) {
      replace(*capture, std::move(frame));
    } else if (!hand_over(*capture, std::move(frame))) {
      return;
    }
  }
}

void run_guarded(const std::shared_ptr<Capture>& capture) {
  Error error{Errc::kInternal, capture->shown() + ": unknown exception"};
  try {
    run(capture);
    return;
  } catch (const std::exception& e) {
    error = opencv_error(capture->shown(), e);
  } catch (...) {
  }
  MutexLock lock(capture->mutex);
  if (!capture->opened) {
    capture->opened = error;
  } else {
    error.code = Errc::kSourceLost;
    capture->slot = error;
  }
  capture->changed.notify_all();
}

class OpencvSource final : public Source {
 public:
  OpencvSource(std::shared_ptr<Capture> capture, const Config& config)
      : capture_(std::move(capture)), config_(config) {}
  ~OpencvSource() override { cancel(); }

  Result<SourceInfo> open() override {
    if (started_) return Error{Errc::kInvalidState, capture_->shown() + ": opened twice"};
    started_ = true;
    try {
      std::thread([capture = capture_] { run_guarded(capture); }).detach();
    } catch (const std::system_error& e) {
      return Error{Errc::kOutOfMemory, std::string("no thread: ") + e.what()};
    }
    const SteadyTime deadline = std::chrono::steady_clock::now() + config_.open_timeout;
    MutexLock lock(capture_->mutex);
    while (!capture_->opened && !capture_->stop) {
      if (!lock.wait_until(capture_->changed, deadline)) return timed_out(config_.open_timeout);
    }
    if (capture_->stop) return cancelled();
    return *capture_->opened;
  }

  Result<SourceItem> read() override {
    if (!started_) return Error{Errc::kInvalidState, capture_->shown() + ": not open"};
    const SteadyTime deadline = std::chrono::steady_clock::now() + config_.read_timeout;
    MutexLock lock(capture_->mutex);
    while (!capture_->slot && !capture_->stop) {
      if (!lock.wait_until(capture_->changed, deadline)) return timed_out(config_.read_timeout);
    }
    if (capture_->stop) return cancelled();
    if (!*capture_->slot) return capture_->slot->error();  // stays: there is nothing after it
    Frame frame = **std::move(capture_->slot);
    capture_->slot.reset();
    capture_->changed.notify_all();
    return SourceItem(std::move(frame));
  }

  void cancel() noexcept override {
    MutexLock lock(capture_->mutex);
    capture_->stop = true;
    capture_->changed.notify_all();
  }

 private:
  Error cancelled() const { return {Errc::kCancelled, capture_->shown() + ": cancelled"}; }
  Error timed_out(Duration after) const {
    return {Errc::kTimedOut, capture_->shown() + ": nothing within " + to_string(after)};
  }

  const std::shared_ptr<Capture> capture_;
  const Config config_;
  bool started_ = false;
};

}  // namespace

Result<std::unique_ptr<Source>> make_opencv_source(std::string name, const Config& config) {
  if (name.empty()) return Error{Errc::kInvalidArgument, "'opencv:' needs a name after its colon"};
  auto capture = std::make_shared<Capture>(std::move(name));
  if (!config.size.empty()) {
    CLIPBUF_TRY_SET(capture->size, parse_size(config.size, config.max_pixels));
  }
  capture->fps = config.fps;
  capture->max_pixels = config.max_pixels;
  return std::unique_ptr<Source>(std::make_unique<OpencvSource>(std::move(capture), config));
}

}  // namespace clipbuf::detail

#endif
