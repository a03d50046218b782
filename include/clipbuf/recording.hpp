// Recording: a clip whose end is still open.
#pragma once

#include <clipbuf/clip.hpp>

namespace clipbuf {

class Buffer;

struct RecordingOptions {
  Duration pre_roll{0};    ///< taken from the buffer
  Duration max_length{0};  ///< stops by itself after so much; 0: never
  bool audio = true;
  GapPolicy gaps = GapPolicy::kHold;
};

/// What a recording is doing now.
struct RecordingStatus {
  bool running = false;
  TimeRange written;  ///< wall time so far
  std::int64_t frames = 0;
  std::uint64_t bytes = 0;
  std::optional<Error> error;  ///< why it stopped by itself
};

/// Writes a buffer's footage to a file while it comes in, starting in the past if asked to. While
/// it grows, `path` with ".part" before its ending is a fragmented MP4 that plays even after kill
/// -9; when it ends it becomes a plain, exact MP4 under `path` and the part disappears. Any number
/// may run on one buffer at once. It owns one thread and keeps the buffer's store alive. Thread
/// word: thread-safe. Destroying a running one stops it without post-roll and saves it.
class CLIPBUF_API Recording {
 public:
  struct Impl;
  explicit Recording(std::shared_ptr<Impl> impl) noexcept;
  Recording(Recording&&) noexcept;
  Recording& operator=(Recording&&) noexcept;
  ~Recording();

  /// Errors: kStorageFailed, kStorageFull, kInvalidArgument (not an .mp4 or .mov path).
  static Result<Recording> start(const Buffer& buffer, const std::string& path,
                                 const RecordingOptions& options = {});

  /// Ends it `post_roll` from now and returns what it holds. Blocks until the file is there. A
  /// second call returns the same report.
  Result<ClipReport> stop(Duration post_roll = Duration{0});

  RecordingStatus status() const;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace clipbuf
