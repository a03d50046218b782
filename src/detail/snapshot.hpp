// What a reader gets of a store: pinned segments, and the truth about what is not there.
#pragma once

#include <clipbuf/buffer.hpp>
#include <clipbuf/storage.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace clipbuf::detail {

/// Segments on one unbroken timeline. Immutable once its first packet is stored.
struct Run {
  std::uint64_t id = 0;
  RunReason reason = RunReason::kStart;              // why it is not the one before it
  std::vector<std::shared_ptr<const Track>> tracks;  // by TrackId
  TrackId main_track = 0;                            // first video, else first audio
};

/// One segment and where it lies in time. "Media" is the run's own timeline: a packet's pts in
/// microseconds, to_duration(pts, time_base). Wall time of anything in it is media + to_wall.
struct SegmentEntry {
  SegmentPtr segment;
  std::uint64_t id = 0;  // rises by one per segment, over all runs
  std::shared_ptr<const Run> run;
  Duration to_wall{0};
  Duration begin{0};      // smallest pts of the main track, media
  Duration end{0};        // end of the last complete frame of the main track, media
  Duration all_begin{0};  // the same over all tracks
  Duration all_end{0};
  Duration recovered{0};  // decoding from the segment's first packet is right from here on
  bool final = false;     // closed: no frame that belongs before `end` can still come

  Timestamp wall(Duration media) const noexcept { return Timestamp(media + to_wall); }
};

using DecoderFactory = std::function<Result<std::unique_ptr<Decoder>>(const Track&)>;

/// A pinned range. Holds no lock and nothing of the store but the segments.
struct Snapshot {
  TimeRange requested;  // absolute, as the request was understood
  std::vector<SegmentEntry>
      segments;           // all that can matter for the range, in order: from the one where
                          // decoding must start, audio pre-roll and neighbours included
  std::vector<Gap> gaps;  // parts of `requested` with no footage, and clock steps inside it
  DecoderFactory decoder;
  bool placeholder = false;  // the caller takes a placeholder where there is nothing
};

/// The clip over a snapshot; clip.cpp.
Clip make_clip(Snapshot snapshot);

/// The frames of a snapshot whose wall time is in `range`; frame_reader.cpp.
Result<FrameReader> read_frames(std::shared_ptr<const Snapshot> snapshot, TimeRange range,
                                PixelFormat format);

}  // namespace clipbuf::detail
