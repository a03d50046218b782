// The fragmented MP4 of a recording, read back as a segment.
#pragma once

#include <clipbuf/storage.hpp>

#include <string>

namespace clipbuf::detail {

/// What a file's streams are, in order.
Result<std::vector<Track>> tracks_of_file(const std::string& path);

/// All packets of the file, in its own order; each read() opens it anew. Thread word: thread-safe.
SegmentPtr segment_of_file(std::string path);

}  // namespace clipbuf::detail
