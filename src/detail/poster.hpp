// Single pictures for people: turned as a player would show them, as JPEG.
#pragma once

#include <clipbuf/frame.hpp>

#include <array>
#include <vector>

namespace clipbuf::detail {

/// The picture turned and mirrored by a Track::display_matrix; itself for none. Angles between the
/// four are taken for the nearest of them. Errors: kUnsupported, kOutOfMemory.
Result<Frame> upright(const Frame& frame, const std::array<std::int32_t, 9>& display_matrix);

/// One JPEG, quality 1..100, turned by `display_matrix`.
/// Errors: kInvalidArgument (no valid picture), kCodecFailed, kUnsupported, kOutOfMemory.
Result<std::vector<std::byte>> encode_jpeg(const FrameView& view, int quality,
                                           const std::array<std::int32_t, 9>& display_matrix = {});

}  // namespace clipbuf::detail
