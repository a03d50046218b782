// Clips that are pictures rather than streams: posters, animated GIFs, placeholders.
#pragma once

#include "detail/clip_writer.hpp"
#include "detail/container.hpp"

namespace clipbuf::detail {

/// A JPEG of the first frame in range, or an animated GIF of all of it.
Result<ClipReport> write_pictures(const Snapshot& snapshot, Container container,
                                  const SaveOptions& options, ByteTarget& target, const Step& step);

/// A clip as long as the range that shows one picture saying what is missing; marked as a
/// placeholder in the report and in the file's metadata.
Result<ClipReport> write_placeholder(const Snapshot& snapshot, const ContainerInfo& container,
                                     const SaveOptions& options, ByteTarget& target,
                                     const Step& step);

}  // namespace clipbuf::detail
