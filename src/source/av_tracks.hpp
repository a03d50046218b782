// Which of an input's streams are delivered, and what they are.
#pragma once

#include "source/av_input.hpp"

#include <clipbuf/packet.hpp>

#include <string>
#include <vector>

namespace clipbuf::detail {

/// The streams that are delivered, in libavformat's order.
struct AvTracks {
  std::vector<Track> tracks;
  std::vector<int> track_of_stream;  ///< by stream index; -1: not delivered
  std::vector<unsigned> stream_of_track;
};

/// The first video stream that is no cover picture, and, if wanted, all audio streams. The others
/// are told to be skipped. Errors: kSourceUnavailable (nothing to deliver, or a size that never
/// came).
Result<AvTracks> pick_tracks(AvInput& input, const Config& config, const std::string& name);

/// "h264 1280x720 25 fps, aac 48000 Hz".
std::string describe(const std::vector<Track>& tracks);

}  // namespace clipbuf::detail
