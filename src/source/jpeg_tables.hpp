// JPEGs as webcams send them: often without the Huffman tables, which "everybody knows".
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace clipbuf::detail {

/// What a JPEG's header says.
struct JpegHeader {
  int width = 0;
  int height = 0;
  bool huffman_tables = false;
  bool arithmetic = false;
  std::string_view pixel_format;  ///< FFmpeg's name; empty: not one of the usual
  std::size_t scan = 0;           ///< where the first start-of-scan marker lies
};

/// Empty when it is no JPEG, or one that ends before its picture begins.
std::optional<JpegHeader> read_jpeg_header(std::span<const std::byte> jpeg);

/// The JPEG with the standard's tables (ITU-T T.81 annex K.3) put in, or nothing when it needs none
/// or is no JPEG.
std::optional<std::vector<std::byte>> with_huffman_tables(std::span<const std::byte> jpeg);

}  // namespace clipbuf::detail
