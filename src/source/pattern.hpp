// The test picture: bars, a moving box, a running frame number and a clock.
#pragma once

#include <clipbuf/source.hpp>

namespace clipbuf::detail {

/// Frames paced in real time; options size and fps. Errors: kInvalidArgument.
Result<std::unique_ptr<Source>> make_pattern(const Config& config);

/// The picture of one frame, YUV 4:2:0. The same for the same arguments.
Result<Frame> draw_pattern(int width, int height, std::uint64_t number, Timestamp timestamp);

/// "640x480". Errors: kInvalidArgument.
struct Size {
  int width = 0;
  int height = 0;
};
Result<Size> parse_size(std::string_view text, std::uint64_t max_pixels);

}  // namespace clipbuf::detail
