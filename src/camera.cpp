// Camera: a source, a feed, and the one thread that carries items from the one to the other.
#include <clipbuf/camera.hpp>

#include "detail/mutex.hpp"
#include "detail/try.hpp"
#include "source/feed.hpp"
#include "source/rate_meter.hpp"

#include <algorithm>
#include <thread>

namespace clipbuf {

using detail::Mutex;
using detail::MutexLock;

std::string_view camera_state_name(CameraState state) noexcept {
  switch (state) {
    case CameraState::kOpening:
      return "opening";
    case CameraState::kRunning:
      return "running";
    case CameraState::kReconnecting:
      return "reconnecting";
    case CameraState::kEnded:
      return "ended";
    case CameraState::kClosed:
      break;
  }
  return "closed";
}

struct Camera::Impl : std::enable_shared_from_this<Camera::Impl> {
  Impl(const Config& camera_config, Buffer camera_buffer)
      : config(camera_config),
        shown(redact(camera_config.source)),
        buffer(std::move(camera_buffer)),
        feed(buffer, config) {}
  ~Impl() {
    // Only when the camera was destroyed in its own callback: its thread is this one.
    if (pump.joinable()) pump.detach();
  }

  Result<void> start();
  void close();

  // the pump's thread
  void run() noexcept;
  void run_all();
  Error carry();
  void take(const SourceItem& item);
  bool reconnect();
  Result<void> open_again();
  bool wait(Duration duration);
  void drop_source() noexcept;
  void wait_for_close();
  void set_state(CameraState next);
  void keep_error(const Error& error);
  void push_failed(const Error& error);
  void log(LogLevel level, const std::string& line) const;

  bool stopping() {
    MutexLock lock(mutex);
    return stop;
  }
  Result<void> use(std::unique_ptr<Source> next);
  Result<SourceInfo> open_source();
  void describe(const SourceInfo& info);

  const Config config;
  const std::string shown;
  const Buffer buffer;
  detail::Feed feed;   // the pump's, and open()'s before there is a pump
  bool live = false;   // the same
  Duration warned{0};  // the same

  Mutex mutex;
  std::condition_variable changed;
  std::unique_ptr<Source> source;  // replaced under the mutex; used by the pump without it
  bool stop CLIPBUF_GUARDED_BY(mutex) = false;
  CameraState state CLIPBUF_GUARDED_BY(mutex) = CameraState::kOpening;
  std::function<void(CameraState)> callback CLIPBUF_GUARDED_BY(mutex);
  std::string description CLIPBUF_GUARDED_BY(mutex);
  std::optional<Error> last_error CLIPBUF_GUARDED_BY(mutex);
  std::uint64_t reconnects CLIPBUF_GUARDED_BY(mutex) = 0;
  std::optional<Duration> last_item CLIPBUF_GUARDED_BY(mutex);
  detail::RateMeter rate CLIPBUF_GUARDED_BY(mutex);

  Mutex join_mutex;  // several may close at once
  std::thread pump;
  std::thread::id pump_id;
};

Result<void> Camera::Impl::start() {
  CLIPBUF_TRY_SET(std::unique_ptr<Source> next, make_source(config));
  CLIPBUF_TRY(use(std::move(next)));
  CLIPBUF_TRY_SET(const SourceInfo info, open_source());
  CLIPBUF_TRY(feed.begin(info, RunReason::kStart));
  describe(info);
  {
    MutexLock lock(mutex);
    state = CameraState::kRunning;
  }
  try {
    MutexLock lock(mutex);  // the pump waits for pump_id
    pump = std::thread([self = shared_from_this()] { self->run(); });
    pump_id = pump.get_id();
  } catch (const std::system_error& e) {
    return Error{Errc::kOutOfMemory, std::string("no thread: ") + e.what()};
  }
  return {};
}

Result<void> Camera::Impl::use(std::unique_ptr<Source> next) {
  std::unique_ptr<Source> old;  // closed outside the lock: it may take a while
  MutexLock lock(mutex);
  if (stop) return Error{Errc::kCancelled, shown + ": closed"};
  old = std::exchange(source, std::move(next));
  return {};
}

Result<SourceInfo> Camera::Impl::open_source() {
  try {
    return source->open();
  } catch (const std::exception& e) {
    return Error{Errc::kSourceUnavailable, redact(e.what())};
  }
}

void Camera::Impl::describe(const SourceInfo& info) {
  live = info.live;
  std::string text = redact(info.description);
  if (!feed.note().empty()) text += " (" + feed.note() + ")";
  log(LogLevel::kInfo, text);
  MutexLock lock(mutex);
  description = std::move(text);
}

void Camera::Impl::log(LogLevel level, const std::string& line) const {
  if (config.log) config.log(level, "camera", redact(line));
}

void Camera::Impl::keep_error(const Error& error) {
  Error safe{error.code, redact(error.message)};
  log(LogLevel::kWarning, safe.message);
  MutexLock lock(mutex);
  last_error = std::move(safe);
}

void Camera::Impl::set_state(CameraState next) {
  std::function<void(CameraState)> told;
  {
    MutexLock lock(mutex);
    if (state == next) return;
    state = next;
    told = callback;
  }
  changed.notify_all();
  if (!told) return;
  try {
    told(next);
  } catch (...) {
    log(LogLevel::kError, shown + ": the state callback threw");
  }
}

void Camera::Impl::run() noexcept {
  try {
    { MutexLock lock(mutex); }  // start() is through with pump and pump_id
    run_all();
  } catch (const std::exception& e) {
    keep_error({Errc::kInternal, e.what()});
  } catch (...) {
    keep_error({Errc::kInternal, "unknown exception"});
  }
  drop_source();
  if (!stopping()) {
    set_state(CameraState::kEnded);
    wait_for_close();
  }
  set_state(CameraState::kClosed);
}

/// A device must be free for others as soon as it is not used any more.
void Camera::Impl::drop_source() noexcept {
  std::unique_ptr<Source> old;
  MutexLock lock(mutex);
  old = std::move(source);
}

void Camera::Impl::wait_for_close() {
  MutexLock lock(mutex);
  while (!stop)
    lock.wait(changed);
}

/// Returns when the camera is closed or has ended.
void Camera::Impl::run_all() {
  while (true) {
    const Error error = carry();
    if (const auto done = feed.finish(); !done) push_failed(done.error());
    if (stopping() || error.code == Errc::kEndOfStream) return;
    keep_error(error);
    if (!config.reconnect || !live) return;
    set_state(CameraState::kReconnecting);
    if (!reconnect()) return;
    set_state(CameraState::kRunning);
  }
}

/// Carries items until the source has no more, and says why.
Error Camera::Impl::carry() {
  while (!stopping()) {
    Result<SourceItem> item = source->read();
    if (!item) return std::move(item).error();
    take(*item);
  }
  return {Errc::kCancelled, shown + ": closed"};
}

void Camera::Impl::take(const SourceItem& item) {
  if (const auto pushed = feed.push(item); !pushed) push_failed(pushed.error());
  if (std::holds_alternative<TracksChanged>(item)) {
    log(LogLevel::kInfo, shown + ": its parameters changed");
    return;
  }
  const Duration now = system_clock().steady();
  const bool picture = feed.is_picture(item);
  MutexLock lock(mutex);
  last_item = now;
  if (picture) rate.add(now);
}

/// What the buffer does not take is in its books; here it is only told of, and not too often.
void Camera::Impl::push_failed(const Error& error) {
  constexpr Duration kQuiet = std::chrono::seconds(5);
  const Duration now = system_clock().steady();
  if (warned != Duration{0} && now - warned < kQuiet) return;
  warned = now;
  keep_error(error);
}

/// False when the camera was closed meanwhile.
bool Camera::Impl::reconnect() {
  Duration delay = std::max(config.reconnect_delay, Duration{1000});
  while (true) {
    // A little early or late: cameras behind one switch should not all come back at once.
    const auto jitter = system_clock().steady().count() % 201 - 100;
    if (!wait(delay + delay * jitter / 1000)) return false;
    const Result<void> opened = open_again();
    if (opened) return true;
    if (stopping()) return false;
    keep_error(opened.error());
    delay = std::min(delay * 2, std::max(config.reconnect_delay_max, delay));
  }
}

Result<void> Camera::Impl::open_again() {
  CLIPBUF_TRY(use(nullptr));  // a device is open only once
  CLIPBUF_TRY_SET(std::unique_ptr<Source> next, make_source(config));
  CLIPBUF_TRY(use(std::move(next)));
  CLIPBUF_TRY_SET(const SourceInfo info, open_source());
  CLIPBUF_TRY(feed.begin(info, RunReason::kReconnect));
  describe(info);
  MutexLock lock(mutex);
  ++reconnects;
  return {};
}

/// False when the camera was closed meanwhile.
bool Camera::Impl::wait(Duration duration) {
  const auto until = std::chrono::steady_clock::now() + duration;
  MutexLock lock(mutex);
  while (!stop) {
    if (!lock.wait_until(changed, until)) return !stop;
  }
  return false;
}

void Camera::Impl::close() {
  {
    MutexLock lock(mutex);
    stop = true;
    if (source != nullptr) source->cancel();
  }
  changed.notify_all();
  if (std::this_thread::get_id() == pump_id) return;  // in the callback: the pump ends after it
  MutexLock lock(join_mutex);
  if (pump.joinable()) pump.join();
}

Camera::Camera(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Camera::Camera(Camera&&) noexcept = default;
Camera& Camera::operator=(Camera&& other) noexcept {
  if (this != &other) {
    close();
    impl_ = std::move(other.impl_);
  }
  return *this;
}
Camera::~Camera() {
  close();
}

Result<Camera> Camera::open(const Config& config) {
  CLIPBUF_TRY_SET(Buffer buffer, Buffer::create(config));
  auto impl = std::make_shared<Impl>(config, std::move(buffer));
  CLIPBUF_TRY(impl->start());
  return Camera(std::move(impl));
}

void Camera::on_state(std::function<void(CameraState)> callback) {
  MutexLock lock(impl_->mutex);
  impl_->callback.swap(callback);
}

CameraState Camera::state() const noexcept {
  MutexLock lock(impl_->mutex);
  return impl_->state;
}

CameraStatus Camera::status() const {
  CameraStatus status;
  status.source = impl_->shown;
  status.buffer = impl_->buffer.status();
  const Duration now = system_clock().steady();
  MutexLock lock(impl_->mutex);
  status.state = impl_->state;
  status.description = impl_->description;
  status.fps_in = impl_->rate.per_second(now);
  if (impl_->last_item) status.last_packet_age = std::max(now - *impl_->last_item, Duration{0});
  status.reconnects = impl_->reconnects;
  status.last_error = impl_->last_error;
  return status;
}

bool Camera::wait_until_ended(Duration timeout) const {
  // A timeout beyond the clock's end is no deadline at all.
  constexpr Duration kLongest = std::chrono::hours(24 * 365);
  const auto until = std::chrono::steady_clock::now() + std::min(timeout, kLongest);
  MutexLock lock(impl_->mutex);
  const auto ended = [this]() CLIPBUF_REQUIRES(impl_->mutex) {
    return impl_->state == CameraState::kEnded || impl_->state == CameraState::kClosed;
  };
  while (!ended()) {
    if (!lock.wait_until(impl_->changed, until)) return ended();
  }
  return true;
}

const Buffer& Camera::buffer() const noexcept {
  return impl_->buffer;
}

void Camera::close() {
  if (impl_ != nullptr) impl_->close();
}

}  // namespace clipbuf
