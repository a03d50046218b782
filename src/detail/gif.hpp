// Animated GIFs: small, for chats and issue trackers.
#pragma once

#include <clipbuf/frame.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace clipbuf::detail {

/// An animated GIF, repeating for ever, of the frames that `next` delivers (empty: no more), which
/// end at `length` after the first one's timestamp. At most 12.5 frames per second, by leaving
/// frames out by their times, and at most 480x960 pixels; the size is that of the first frame. Each
/// frame is shown from its own time on, to the centisecond. Memory is bounded by two seconds of
/// pictures and by the result, which has 512 MiB at most. `progress` is told 0..1 now and then and
/// stops it by returning false; it may be empty. `out_frames`, if given, gets the number of frames
/// shown. Errors: kNothingInRange (no frame), kUnsupported (longer than a day, or too large),
/// kCancelled, kOutOfMemory, kCodecFailed, and those of `next`.
Result<std::vector<std::byte>> encode_gif(const std::function<Result<std::optional<Frame>>()>& next,
                                          Duration length,
                                          const std::function<bool(double)>& progress,
                                          std::int64_t* out_frames);

}  // namespace clipbuf::detail
