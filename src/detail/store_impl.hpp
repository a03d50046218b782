// The parts of StoreCore: what only the writer touches, and what it shares with readers under the
// mutex.
#pragma once

#include "detail/bitstream.hpp"
#include "detail/mutex.hpp"
#include "detail/range_query.hpp"
#include "detail/store_core.hpp"
#include "detail/timeline.hpp"
#include "detail/wall_map.hpp"

#include <array>

namespace clipbuf::detail {

/// A packet with its times on the run's media timeline.
struct TimedPacket {
  Packet packet;
  Duration pts{0};
  Duration dts{0};
  Duration end{0};
  bool main = false;
};

/// A reader that waits for the end of its range: what leaves the ring meanwhile is kept for it.
struct Watcher {
  TimeRange range;
  std::vector<SegmentEntry> saved;
  std::vector<HeldRun> runs;
  Watcher* next = nullptr;
};

struct StoreCore::Impl {
  Impl(std::unique_ptr<StoreModel> codec_and_storage, const Limits& limit,
       const StoreOptions& option);
  ~Impl();

  // store_writer.cpp: from packets and frames to segments.
  Result<void> push_frame(const FrameView& frame);
  Result<void> push_packet(const Packet& packet);
  Result<TrackId> add_track(const Track& track);
  Result<void> begin_run(RunReason reason);
  Result<void> finish();

  Result<void> ingest(const Packet& packet);
  Result<void> take_encoded(const Packet& packet);
  Result<void> flush_codec();
  void declare_encoded(const Track& track);
  std::shared_ptr<const Track> shared_track(const Track& track);
  void retrack();
  TimedPacket timed(const Packet& packet) const;
  void prepare_key(TimedPacket& timed, bool new_timeline);
  bool clock_stepped(const TimedPacket& timed);
  void start_run(const TimedPacket& timed, RunReason reason);
  bool wanted(const TimedPacket& timed);
  void hold_back(const TimedPacket& timed);
  Result<void> store_held_back(Duration begin);
  void end_run();
  void end_segment();

  // store_append.cpp: into the storage and the books; eviction.
  Result<void> store(const TimedPacket& timed);
  Error refuse(const TimedPacket& timed, Error error);
  void drop(const Packet& packet, Count DropCounts::*why);
  void publish(const TimedPacket& timed);
  void open_segment(const TimedPacket& timed) CLIPBUF_REQUIRES(mutex);
  void note_age(const TimedPacket& timed) CLIPBUF_REQUIRES(mutex);
  void note_complete(const TimedPacket& timed) CLIPBUF_REQUIRES(mutex);
  void note_recovery(const TimedPacket& timed) CLIPBUF_REQUIRES(mutex);
  void note_key(const TimedPacket& timed) CLIPBUF_REQUIRES(mutex);
  void complete_all() CLIPBUF_REQUIRES(mutex);
  void mark_final(bool open_too) CLIPBUF_REQUIRES(mutex);
  void notify() CLIPBUF_REQUIRES(mutex);
  bool evict_oldest();
  void evict_expired();
  SegmentPtr pop_oldest() CLIPBUF_REQUIRES(mutex);

  // store_core.cpp: the readers' side.
  void pin(std::vector<SegmentEntry>& entries) const CLIPBUF_REQUIRES(mutex);
  std::vector<SegmentEntry> pinned(TimeRange range) const CLIPBUF_REQUIRES(mutex);
  History known() const CLIPBUF_REQUIRES(mutex);
  void watch(Watcher& watcher, Duration patience, MutexLock& lock) const CLIPBUF_REQUIRES(mutex);

  const StoreOptions options;
  const Clock& clock;
  const Limits limits;
  const std::shared_ptr<StoreModel> model;
  Result<void> usable;  // an error when the storage can't take the limits

  // The writer's own.
  std::vector<std::shared_ptr<const Track>>
      declared;  // of this run, or of the one that begins next
  std::vector<std::shared_ptr<const Track>> known_tracks;
  std::optional<TrackId> encoded;  // which of them the codec's is
  TrackId main_track = 0;
  bool main_is_video = false;
  Timeline timeline;
  WallMap wall;
  AgeClock age;
  Bitstream bitstream;
  RunReason next_reason = RunReason::kStart;
  std::shared_ptr<const Run> run;  // null between runs
  RunReason run_reason = RunReason::kStart;
  bool run_is_stored = false;   // its first packet is in the ring
  bool timeline_begins = true;  // the next run's media time has nothing to do with the last one's
  bool segment_open = false;
  bool refuses_leading = false;           // the run began at a key that isn't an IDR
  Duration run_begin{0};                  // pts of the run's first key
  Duration segment_begin{0};              // first dts of the open segment
  Count DropCounts::*skipping = nullptr;  // why nothing is stored until the next key
  std::vector<Packet>
      held_back;  // audio that came before the first key; the packets own their bytes
  std::size_t held_back_bytes = 0;
  std::optional<Timestamp> last_frame;
  bool force_key = false;
  bool sink_failed = false;  // an encode() failed for the store's sake
  std::uint64_t next_id = 1;
  std::uint64_t next_run_id = 1;
  std::uint64_t unfinal_id = 0;          // no segment before it waits for frames
  std::optional<Duration> last_arrival;  // of the main track
  Timestamp last_position{};             // wall time of its last dts
  Duration highest_pts{0};
  struct Leap {
    std::uint64_t id;
    Duration by;
  };
  std::vector<Leap> leaps;  // not believed yet: the segments from `id` on are so much younger
  struct Pending {
    Duration pts, end;
    std::uint64_t id;
  };
  std::vector<Pending> pending;  // frames before which others can still come
  struct Recovering {
    std::uint64_t id;
    std::uint32_t left;
    bool waits = true;  // for the next refresh: decoders lose pictures of the one they start in
  };
  std::vector<Recovering> recovering;  // segments that start at an intra refresh

  // Shared.
  mutable Mutex mutex;
  mutable std::condition_variable changed;
  mutable unsigned waiters CLIPBUF_GUARDED_BY(mutex) = 0;
  mutable Watcher* watchers CLIPBUF_GUARDED_BY(mutex) = nullptr;
  Ring ring CLIPBUF_GUARDED_BY(mutex);
  History history CLIPBUF_GUARDED_BY(mutex);
  BufferStatus books CLIPBUF_GUARDED_BY(mutex);  // the counters; the rest is put in when asked for
  bool finished CLIPBUF_GUARDED_BY(mutex) = false;
  std::array<Duration, 8> gops CLIPBUF_GUARDED_BY(mutex){};
  std::size_t gop_at CLIPBUF_GUARDED_BY(mutex) = 0;
  std::optional<Duration> last_key CLIPBUF_GUARDED_BY(mutex);  // dts, in this run
  Duration since_key CLIPBUF_GUARDED_BY(mutex){0};
};

}  // namespace clipbuf::detail
