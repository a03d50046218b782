// Clip: a pinned range of a buffer, and the truthful report of what was delivered.
#pragma once

#include <clipbuf/codec.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace clipbuf {

/// Which moment is wanted. Set `last`, or `around` with `before`/`after`, or `begin` and `end`.
struct ClipRequest {
  std::optional<Timestamp> begin = {};
  std::optional<Timestamp> end = {};
  Duration last{0};                      ///< the newest so many
  std::optional<Timestamp> around = {};  ///< [around - before, around + after)
  Duration before{0};
  Duration after{0};
  Duration wait{0};          ///< how long to wait for an end that lies in the future
  bool placeholder = false;  ///< an empty range gives a placeholder clip, not an error
};

enum class CutMode : std::int32_t {
  kExact = 0,  ///< just the frames in range, not re-encoded: the lead-in is hidden by an edit list
  kKeyframe = 1,  ///< from the key frame before `begin`, visibly
  kReencode = 2,  ///< just the frames in range, and nothing else is in the file
};

enum class Container : std::int32_t {
  kAuto = 0,  ///< by the path's ending: .mp4 .m4v .mov .mkv .ts .webm .gif .jpg
  kMp4 = 1,
  kMov = 2,
  kMkv = 3,
  kMpegTs = 4,
  kFragmentedMp4 = 5,
  kWebm = 6,
  kGif = 7,
  kJpeg = 8,
};

/// What the file shows where nothing was recorded.
enum class GapPolicy : std::int32_t {
  kHold = 0,      ///< the last frame stays; times in the file follow the wall clock
  kCollapse = 1,  ///< the gap is left out
};

enum class GapReason : std::int32_t {
  kEvicted = 0,         ///< it was kept once, and had to make room
  kNotRecordedYet = 1,  ///< it lies in the future
  kNotRecorded = 2,     ///< it lies before the first frame
  kSourceLost = 3,      ///< the source was away
  kDropped = 4,         ///< frames came but could not be kept
  kClockStep = 5,       ///< the wall clock was set; no footage is missing
};
CLIPBUF_API std::string_view gap_reason_name(GapReason reason) noexcept;

struct Gap {
  TimeRange range;
  GapReason reason = GapReason::kEvicted;
  friend bool operator==(const Gap&, const Gap&) = default;
};

/// What was really delivered.
struct ClipReport {
  TimeRange requested;
  TimeRange delivered;      ///< first frame's time to the end of the last one; empty if none
  std::int64_t frames = 0;  ///< video frames that a player shows
  std::int64_t audio_packets = 0;
  std::uint64_t bytes = 0;  ///< of the file
  CutMode mode = CutMode::kExact;
  Container container = Container::kMp4;
  Duration lead_in{0};  ///< hidden (kExact) or visible (kKeyframe) video before the range
  std::int64_t reencoded_frames = 0;
  std::vector<Gap> gaps;  ///< in order, not overlapping
  bool complete = false;  ///< no gap: all of the range asked for is there
  bool placeholder = false;
  std::string video_codec;  ///< of the file; empty when there is none
  std::string audio_codec;
  std::string note;  ///< why it differs from what was asked, if it does; one line
  std::string path;  ///< empty when not saved to a file

  /// One line of JSON; times as integers named *_us.
  CLIPBUF_API std::string to_json() const;
};

/// Called as a save goes on, with 0..1; returning false cancels it (kCancelled).
using Progress = std::function<bool(double fraction)>;

struct SaveOptions {
  CutMode mode = CutMode::kExact;
  Container container = Container::kAuto;
  GapPolicy gaps = GapPolicy::kHold;
  bool audio = true;
  bool copy_always = false;      ///< keep a codec that players of the container can't play
  std::string encoder = "auto";  ///< where something must be encoded; see VideoCodec
  int quality = 18;
  bool fsync = true;  ///< the file is on the disk before it gets its name
  Progress progress;
};

/// A clip in memory, and what it holds.
struct ClipData {
  std::vector<std::byte> data;
  ClipReport report;
};

/// Takes the file's bytes in order; an error stops the save.
using ByteSink = std::function<Result<void>(std::span<const std::byte>)>;

/// Pulls the frames of a clip one after another, decoding as it goes. Thread word: bound.
class CLIPBUF_API FrameReader {
 public:
  struct Impl;
  explicit FrameReader(std::unique_ptr<Impl> impl);
  FrameReader(FrameReader&&) noexcept;
  FrameReader& operator=(FrameReader&&) noexcept;
  ~FrameReader();

  /// The next frame in the range, in presentation order; empty after the last. Errors:
  /// kCodecFailed.
  Result<std::optional<Frame>> next();

 private:
  std::unique_ptr<Impl> impl_;
};

/// A pinned time range of a buffer: taken at once, saved at leisure, safe from eviction until it is
/// destroyed. Copies share it. It may outlive the buffer.
/// Thread word: thread-safe; several saves may run at once.
/// Fails: by Result; a failed save leaves no file under the final name, and can be repeated.
class CLIPBUF_API Clip {
 public:
  struct Impl;
  explicit Clip(std::shared_ptr<Impl> impl) noexcept;
  ~Clip();

  /// What was asked for, in wall time.
  TimeRange requested() const noexcept;

  /// What a save would deliver, as far as it can be told without saving: range, frames, gaps.
  ClipReport preview() const;

  /// Writes the clip under a temporary name beside `path`, syncs it, and renames it.
  /// Blocks. Errors: kNothingInRange, kUnsupported (this codec in this container), kStorageFull,
  /// kStorageFailed, kCodecFailed, kCancelled, kInvalidArgument (no container by that ending).
  Result<ClipReport> save(const std::string& path, const SaveOptions& options = {}) const;

  /// The same into memory. `container` must be set, or is MP4.
  Result<ClipData> to_memory(const SaveOptions& options = {}) const;

  /// The same into a callback, in order. MP4 and MOV are put together in memory first.
  Result<ClipReport> write(const ByteSink& sink, const SaveOptions& options = {}) const;

  /// The first frame in range as a JPEG.
  Result<ClipData> poster(int quality = 85) const;

  /// The frames in range, converted to `format` (kUnknown: as decoded).
  Result<FrameReader> frames(PixelFormat format = PixelFormat::kBgr24) const;

  /// Every save that runs now ends with kCancelled, soon. Later saves are not concerned.
  void cancel() const noexcept;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace clipbuf
