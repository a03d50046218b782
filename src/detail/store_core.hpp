// The circular store's logic, compiled once for every codec and storage.
#pragma once

#include "detail/snapshot.hpp"

#include <clipbuf/frame_store.hpp>

namespace clipbuf::detail {

/// Where the frame on show at some time is.
struct FramePlace {
  Snapshot snapshot;
  TimeRange range;  // its presentation time, and 1 us more
};

/// See Buffer for the contract; this is it.
class StoreCore {
 public:
  StoreCore(std::unique_ptr<StoreModel> model, const Limits& limits, const StoreOptions& options);
  ~StoreCore();

  // the writer
  Result<void> push(const FrameView& frame);
  Result<TrackId> add_track(const Track& track);
  Result<void> push(const Packet& packet);
  Result<void> begin_run(RunReason reason);
  Result<void> finish();

  /// Whether the storage has taken the limits; every push fails with this error where it hasn't.
  Result<void> ready() const;

  // the readers
  BufferStatus status() const;
  Result<Snapshot> snapshot(const ClipRequest& request) const;
  Result<FramePlace> place_of_frame(Timestamp when) const;
  std::uint64_t wait_for_packets(std::uint64_t newest, Duration timeout) const;

  /// For followers (recordings, live view): the segments held whose id is at least `id`, the open
  /// one as it is now included, in order.
  std::vector<SegmentEntry> segments_from(std::uint64_t id) const;

  /// Wall time up to which every frame has arrived: the end of the newest complete frame. Empty
  /// store: 0.
  Timestamp newest() const;

  DecoderFactory decoder_factory() const;

  /// How many readers wait for packets.
  unsigned waiting() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the decoder factory of snapshots
};

}  // namespace clipbuf::detail
