// Which packets a clip is made of, and when each is presented. Pure: no codec, no container, no
// file.
#pragma once

#include "detail/snapshot.hpp"

#include <cstdint>
#include <limits>
#include <optional>

namespace clipbuf::detail {

/// One packet of the snapshot, in the order in which its segments give them.
struct Sample {
  static constexpr std::uint16_t kUnused = std::numeric_limits<std::uint16_t>::max();
  std::uint16_t stream = kUnused;  // index into CutPlan::streams
  bool key = false;
  bool clean = false;  // a key that nothing after it looks beyond (H.264 and HEVC: IDR)
  bool shown = false;  // a player presents it
  std::uint32_t bytes = 0;
  std::int64_t pts = 0;  // ticks of the stream's track, zero where the presentation begins
  std::int64_t dts = 0;
  std::int64_t duration = 0;
};

/// One elementary stream of the clip.
struct PlanStream {
  Track track;                  // of the first piece that has it
  bool same_shape = true;       // every piece's packets can follow each other in one stream ...
  bool same_parameters = true;  // ... without even new parameter sets
  std::int64_t length = 0;      // presented from zero for so many ticks
};

/// The clip's part of one run: samples [first, end).
struct Piece {
  std::shared_ptr<const Run> run;
  std::size_t first = 0;
  std::size_t end = 0;
  std::vector<std::uint16_t> stream_of;  // by TrackId: index into streams, or Sample::kUnused
};

struct CutPlan {
  std::vector<PlanStream> streams;  // the main one (video, if there is any) first
  std::vector<Sample> samples;
  std::vector<Piece> pieces;
  TimeRange delivered;
  std::int64_t frames = 0;  // shown samples of the main stream
  std::int64_t audio_packets = 0;
  Duration lead_in{0};       // from the first picture that is in the file to the first one in range
  bool hidden_head = false;  // pictures before zero
  bool hidden_tail = false;  // pictures after the last one in range
  bool hidden_middle =
      false;  // pictures out of range between two pieces: no single edit hides them

  bool has_video() const { return !streams.empty() && streams[0].track.kind == TrackKind::kVideo; }
};

/// Samples [begin, end) of the main stream that need not be encoded anew though pictures around
/// them must: it begins at a clean key, and no picture in it depends on, or is shown between,
/// pictures outside.
struct CopySpan {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::int64_t delay = 0;  // ticks by which its pictures are decoded before they are shown
};

/// The longest such span of a plan, and none where encoding everything is as good.
std::optional<CopySpan> copy_span(const CutPlan& plan);

struct CutRequest {
  CutMode mode = CutMode::kExact;
  GapPolicy gaps = GapPolicy::kHold;
  bool audio = true;
  bool hide_video = true;  // pictures out of range may be in the file, since something hides them;
                           // false: those that the others need are shown, the rest is left out
};

/// Errors: kNothingInRange when no frame of the main track is in the range; those of reading
/// segments.
Result<CutPlan> plan_cut(const Snapshot& snapshot, const CutRequest& request);

}  // namespace clipbuf::detail
