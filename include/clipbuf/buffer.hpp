// Buffer: the circular store of one camera's packets.
#pragma once

#include <clipbuf/clip.hpp>
#include <clipbuf/codec.hpp>
#include <clipbuf/config.hpp>
#include <clipbuf/recording.hpp>
#include <clipbuf/storage.hpp>

namespace clipbuf {

namespace detail {
class StoreCore;
}

/// Numbers of packets and of their payload bytes.
struct Count {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const Count&, const Count&) = default;
};

/// Why packets or frames that came in are not kept.
struct DropCounts {
  Count no_key_frame;  ///< before the first key frame of a run, or leading pictures that can't be
                       ///< decoded
  Count no_room;       ///< did not fit within max_bytes
  Count storage_error;
  Count not_encoded;  ///< frames (as packets, 0 bytes) that the codec refused
};

/// What a buffer holds. The books balance: in == stored + evicted + every dropped.
struct BufferStatus {
  TimeRange covered;           ///< oldest frame to the end of the newest, wall time
  Duration covered_length{0};  ///< of footage, gaps between runs left out
  std::size_t bytes_held = 0;  ///< everything, pinned clips too
  std::size_t max_bytes = 0;
  Duration keep{0};
  Count in;      ///< packets offered since the start
  Count stored;  ///< held by the ring now
  Count evicted;
  DropCounts dropped;
  std::uint64_t frames = 0;  ///< video packets held by the ring now
  std::size_t segments = 0;
  std::size_t runs = 0;
  std::uint64_t runs_begun = 0;  ///< since the start
  std::uint64_t restamped = 0;   ///< packets whose timestamp jumped and was replaced
  std::uint64_t clock_steps = 0;
  Duration gop_length{0};     ///< longest distance of key frames lately
  double bit_rate = 0;        ///< of what is held, bits per second
  std::vector<Track> tracks;  ///< of the newest run
  std::string warning;        ///< one line, such as "key frames are 30 s apart, keep is 5 s"
};

/// How the store behaves beyond its limits; the defaults are right for live use.
struct StoreOptions {
  const Clock* clock = nullptr;                 ///< null: the machine's
  Duration segment = std::chrono::seconds(1);   ///< shortest distance of segment starts
  Duration max_jump = std::chrono::seconds(5);  ///< a larger jump of timestamps is not believed
  Duration max_clock_step = std::chrono::milliseconds(500);  ///< a larger one begins a new run
};

/// Why a new run begins.
enum class RunReason : std::int32_t {
  kStart = 0,
  kReconnect = 1,
  kParameters = 2,
  kClockStep = 3,
  kTimestamps = 4,
  kDropped = 5,
};

/// The circular store. One writer (the calls marked so come from one thread at a time), any number
/// of readers; the writer never waits for reading, saving or decoding. Copies share the store.
/// Thread word: thread-safe but for the writer's calls among themselves.
/// Fails: by Result; a failed push changes nothing but the books.
///
///     auto buffer = Buffer::create({.keep = 5min});
///     buffer->push(frame);
///     auto report = buffer->clip({.last = 30s})->save("goal.mp4");
class CLIPBUF_API Buffer {
 public:
  /// Codec and storage as `config` says. Errors: kInvalidArgument, kUnsupported.
  static Result<Buffer> create(const Config& config = {});

  // The writer.

  /// Encodes and stores a frame that was captured at frame.timestamp. Timestamps should rise; a
  /// step back, or a jump of more than max_jump, begins a new run.
  Result<void> push(const FrameView& frame);

  /// Declares a track of the run that begins next; two that are alike are still two. Tracks are
  /// declared before the run's first packet. Errors: kInvalidArgument (no time base, ...).
  Result<TrackId> add_track(const Track& track);

  /// Stores one packet as it is; the bytes are copied before it returns. Timestamps are mended as
  /// src/DESIGN.md says: missing, repeated, backward, jumping. Errors: kInvalidArgument (no such
  /// track), kStorageFull, kStorageFailed.
  Result<void> push(const Packet& packet);

  /// What follows is on a new timeline: the source was away, or its parameters changed. Forgets the
  /// tracks declared so far; flushes the codec.
  Result<void> begin_run(RunReason reason);

  /// No more will come for now: flushes the codec; the newest frames become visible to clips.
  Result<void> finish();

  // The readers.

  BufferStatus status() const;

  /// Pins a range. Microseconds, unless request.wait lets it wait for the future. Errors:
  /// kNothingInRange, kInvalidArgument (no range or two), kTimedOut is not one: what is there is
  /// pinned, and the report says what is missing.
  Result<Clip> clip(const ClipRequest& request) const;

  /// The frame that was on show at `when`: the newest one not after it. Errors: kNothingInRange.
  Result<Frame> frame_at(Timestamp when, PixelFormat format = PixelFormat::kBgr24) const;

  /// Blocks until a packet newer than `newest` (a BufferStatus::in.packets) has come, or the
  /// timeout has passed; returns in.packets.
  std::uint64_t wait_for_packets(std::uint64_t newest, Duration timeout) const;

  explicit Buffer(std::shared_ptr<detail::StoreCore> core) noexcept;
  const std::shared_ptr<detail::StoreCore>& core() const noexcept { return core_; }

 private:
  std::shared_ptr<detail::StoreCore> core_;
};

}  // namespace clipbuf
