// Mends what libavformat's MP4 muxer can't be told: where a track's presentation ends.
#pragma once

#include <clipbuf/error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace clipbuf::detail {

/// How long one track is presented, in ticks of its own media timescale, from its first shown
/// sample.
struct Mp4Edit {
  std::int64_t length = 0;
};

/// Sets, in a file's `moov`, the last edit of each track (in order of the tracks) to
/// `edits[i].length` and the track's and movie's durations to match. libavformat takes them from
/// the last sample's end, which is too late when hidden pictures follow the last shown one. `head`
/// is the file up to `mdat`. Format: ISO/IEC 14496-12, 8.2.2 mvhd, 8.3.2 tkhd, 8.4.2 mdhd, 8.6.6
/// elst. Errors: kInternal when the boxes aren't as expected.
Result<void> patch_edits(std::span<std::byte> head, std::span<const Mp4Edit> edits);

}  // namespace clipbuf::detail
