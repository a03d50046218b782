// Writes text into a picture's luma plane, with a font of its own: no font file, no library.
#pragma once

#include <cstddef>
#include <string_view>

namespace clipbuf::detail {

/// One character's cell at scale 1, in pixels, spacing included.
inline constexpr int kTextCellWidth = 6;
inline constexpr int kTextCellHeight = 8;

/// Draws one line of text, bright on a dark box, its top left corner at (x, y); what lies outside
/// the picture is left out. Knows digits, A-Z, a-z, space and . , : - / + % [ ] ( ) ' _ = < > ? ! #
/// *; other bytes show as an empty frame. A `scale` below 1 draws nothing. Luma is 16 and 235:
/// right in limited range, readable in full.
void draw_text(std::byte* luma, std::ptrdiff_t stride, int width, int height, int x, int y,
               int scale, std::string_view text);

}  // namespace clipbuf::detail
