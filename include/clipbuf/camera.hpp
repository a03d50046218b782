// Camera: a Source pumped into a Buffer, for as long as it is open.
#pragma once

#include <clipbuf/buffer.hpp>
#include <clipbuf/source.hpp>

namespace clipbuf {

enum class CameraState : std::int32_t {
  kOpening = 0,
  kRunning = 1,
  kReconnecting = 2,
  kEnded = 3,  ///< a finite source has delivered everything, or reconnect is off
  kClosed = 4,
};
CLIPBUF_API std::string_view camera_state_name(CameraState state) noexcept;

struct CameraStatus {
  CameraState state = CameraState::kOpening;
  std::string source;       ///< redacted
  std::string description;  ///< see SourceInfo
  double fps_in = 0;        ///< video frames per second over the last seconds
  Duration last_packet_age{0};
  std::uint64_t reconnects = 0;
  std::optional<Error> last_error;  ///< redacted
  BufferStatus buffer;
};

/// A Source pumped into a Buffer on its own thread, reconnecting with backoff for as long as it is
/// open; every reconnect begins a new run, and clips report the gap.
/// Thread word: thread-safe. The destructor closes.
class CLIPBUF_API Camera {
 public:
  struct Impl;
  explicit Camera(std::shared_ptr<Impl> impl) noexcept;
  Camera(Camera&&) noexcept;
  Camera& operator=(Camera&&) noexcept;
  ~Camera();

  /// Opens config.source once, within config.open_timeout, and starts the pump. Errors:
  /// kSourceUnavailable, kTimedOut, kInvalidArgument, kUnsupported.
  static Result<Camera> open(const Config& config);

  /// Told of every change of state, on the camera's thread; must not close the camera from inside.
  /// A second call replaces the first; an empty function ends it.
  void on_state(std::function<void(CameraState)> callback);

  CameraState state() const noexcept;
  CameraStatus status() const;

  /// Waits until the state is kEnded or kClosed, or the timeout has passed; true if it is.
  bool wait_until_ended(Duration timeout) const;

  const Buffer& buffer() const noexcept;
  Result<Clip> clip(const ClipRequest& request) const { return buffer().clip(request); }
  Result<Recording> record(const std::string& path, const RecordingOptions& options = {}) const {
    return Recording::start(buffer(), path, options);
  }

  /// Stops the pump within a second; the buffer stays readable. Idempotent.
  void close();

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace clipbuf
