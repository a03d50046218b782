// The picture that stands where there is no video.
#pragma once

#include <clipbuf/clip.hpp>

#include <span>

namespace clipbuf::detail {

/// A dark yuv420p picture, limited range, that says in plain words what is missing and why; its
/// timestamp is `requested.begin`. Text shrinks, wraps and is cut to the picture's size: readable
/// from 320x240 on. Errors: kInvalidArgument (a size below 1 or above 16384), kOutOfMemory.
Result<Frame> placeholder_frame(int width, int height, std::span<const Gap> gaps,
                                TimeRange requested);

}  // namespace clipbuf::detail
