// 256 colours that stand for all colours of some pictures.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace clipbuf::detail {

struct Rgb {
  std::uint8_t r = 0, g = 0, b = 0;
  friend bool operator==(const Rgb&, const Rgb&) = default;
};

/// How often each colour occurs, in 32 steps per channel.
class ColorHistogram {
 public:
  ColorHistogram() : bins_(kBins) {}

  /// Counts `width` pixels of three bytes.
  void add_row(const std::uint8_t* rgb, int width);

  /// At most `most` colours, each the mean of a box of similar ones (median cut). Empty if nothing
  /// was counted. Requires: most >= 1.
  std::vector<Rgb> palette(std::size_t most) const;

  /// How far, squared, a counted pixel is from its nearest colour, in the mean. 0 if nothing was
  /// counted.
  double error(const std::vector<Rgb>& palette) const;

 private:
  static constexpr std::size_t kBins = std::size_t{1} << 15;
  struct Bin {
    std::uint64_t count = 0, r = 0, g = 0, b = 0;
  };
  std::vector<Bin> bins_;
};

/// Turns pixels into palette indices, with an ordered dither: where the picture stands still, so do
/// its indices, and the encoder can leave them out.
class PaletteMapper {
 public:
  /// Requires: 1 to 256 colours.
  explicit PaletteMapper(std::vector<Rgb> palette);

  void map_row(const std::uint8_t* rgb, int width, int y, std::uint8_t* indices);

 private:
  std::vector<Rgb> palette_;
  std::vector<std::int16_t> known_;  // by colour in 64 steps per channel; -1: not looked up yet
};

}  // namespace clipbuf::detail
