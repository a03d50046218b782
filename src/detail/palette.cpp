#include "detail/palette.hpp"

#include <algorithm>
#include <limits>
#include <span>

namespace clipbuf::detail {
namespace {

// One colour of the histogram, or the mean of several; `count` is how many pixels it stands for.
struct Entry {
  std::array<std::uint8_t, 3> color{};
  std::uint64_t count = 0;
};

// A box of the colour cube: entries that one palette colour will stand for.
struct Box {
  std::span<Entry> entries;
  std::size_t axis = 0;    // along which it spreads most
  std::uint64_t cost = 0;  // how much is lost by one colour for all; 0: can't be split
};

Box box_over(std::span<Entry> entries) {
  Box box{entries, 0, 0};
  std::uint64_t count = 0;
  for (const Entry& entry : entries)
    count += entry.count;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    int low = 255;
    int high = 0;
    for (const Entry& entry : entries) {
      low = std::min<int>(low, entry.color[axis]);
      high = std::max<int>(high, entry.color[axis]);
    }
    const auto spread = static_cast<std::uint64_t>(high - low);
    if (spread * spread * count <= box.cost) continue;
    box.cost = spread * spread * count;
    box.axis = axis;
  }
  return box;
}

// Splits at the median pixel; both halves have at least one entry.
std::size_t split_point(const Box& box) {
  std::sort(box.entries.begin(), box.entries.end(),
            [&](const Entry& a, const Entry& b) { return a.color[box.axis] < b.color[box.axis]; });
  std::uint64_t total = 0;
  for (const Entry& entry : box.entries)
    total += entry.count;
  std::uint64_t before = 0;
  for (std::size_t i = 0; i + 1 < box.entries.size(); ++i) {
    before += box.entries[i].count;
    if (before * 2 >= total) return i + 1;
  }
  return box.entries.size() - 1;
}

Rgb mean_of(const Box& box) {
  std::array<std::uint64_t, 3> sum{};
  std::uint64_t count = 0;
  for (const Entry& entry : box.entries) {
    for (std::size_t axis = 0; axis < 3; ++axis)
      sum[axis] += entry.count * entry.color[axis];
    count += entry.count;
  }
  const auto mean = [&](std::size_t axis) {
    return static_cast<std::uint8_t>((sum[axis] + count / 2) / count);
  };
  return {mean(0), mean(1), mean(2)};
}

struct Nearest {
  std::size_t index = 0;
  int distance = std::numeric_limits<int>::max();
};

// By squared distance, weighted as the eye does, roughly.
Nearest nearest(Rgb color, std::span<const Rgb> palette) {
  Nearest found;
  for (std::size_t i = 0; i < palette.size(); ++i) {
    const int r = color.r - palette[i].r;
    const int g = color.g - palette[i].g;
    const int b = color.b - palette[i].b;
    const int distance = 3 * r * r + 6 * g * g + b * b;
    if (distance < found.distance) found = {i, distance};
  }
  return found;
}

// The usual 8x8 ordered dither, 0..63.
constexpr int bayer(int x, int y) {
  int value = 0;
  for (int bit = 0; bit < 3; ++bit) {
    const int from_x = (x >> bit) & 1;
    const int from_y = (y >> bit) & 1;
    value = value * 4 + ((from_x ^ from_y) * 2 + from_y);
  }
  return value;
}

// Added to each channel: -8..+8, about the distance of neighbouring colours of a full palette.
constexpr auto kDither = [] {
  std::array<std::array<int, 8>, 8> table{};
  for (int y = 0; y < 8; ++y)
    for (int x = 0; x < 8; ++x)
      table[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)] =
          (bayer(x, y) * 2 - 63) * 8 / 63;
  return table;
}();

}  // namespace

void ColorHistogram::add_row(const std::uint8_t* rgb, int width) {
  for (int x = 0; x < width; ++x, rgb += 3) {
    Bin& bin =
        bins_[static_cast<std::size_t>((rgb[0] >> 3) << 10 | (rgb[1] >> 3) << 5 | rgb[2] >> 3)];
    ++bin.count;
    bin.r += rgb[0];
    bin.g += rgb[1];
    bin.b += rgb[2];
  }
}

std::vector<Rgb> ColorHistogram::palette(std::size_t most) const {
  std::vector<Entry> entries;
  for (const Bin& bin : bins_) {
    if (bin.count == 0) continue;
    const auto mean = [&](std::uint64_t sum) { return static_cast<std::uint8_t>(sum / bin.count); };
    entries.push_back({{mean(bin.r), mean(bin.g), mean(bin.b)}, bin.count});
  }
  if (entries.empty()) return {};
  std::vector<Box> boxes{box_over(entries)};
  while (boxes.size() < most) {
    const auto worst = std::max_element(boxes.begin(), boxes.end(),
                                        [](const Box& a, const Box& b) { return a.cost < b.cost; });
    if (worst->cost == 0) break;  // every colour has an entry of its own
    const std::size_t at = split_point(*worst);
    const std::span<Entry> all = worst->entries;
    *worst = box_over(all.first(at));
    boxes.push_back(box_over(all.subspan(at)));
  }
  std::vector<Rgb> palette;
  palette.reserve(boxes.size());
  for (const Box& box : boxes)
    palette.push_back(mean_of(box));
  return palette;
}

double ColorHistogram::error(const std::vector<Rgb>& palette) const {
  double total = 0;
  double count = 0;
  for (const Bin& bin : bins_) {
    if (bin.count == 0) continue;
    const auto mean = [&](std::uint64_t sum) { return static_cast<std::uint8_t>(sum / bin.count); };
    const Rgb color{mean(bin.r), mean(bin.g), mean(bin.b)};
    total += static_cast<double>(bin.count) * nearest(color, palette).distance;
    count += static_cast<double>(bin.count);
  }
  return count > 0 ? total / count : 0;
}

PaletteMapper::PaletteMapper(std::vector<Rgb> palette)
    : palette_(std::move(palette)), known_(std::size_t{1} << 18, std::int16_t{-1}) {}

void PaletteMapper::map_row(const std::uint8_t* rgb, int width, int y, std::uint8_t* indices) {
  const auto& dither = kDither[static_cast<std::size_t>(y % 8)];
  for (int x = 0; x < width; ++x, rgb += 3) {
    const int shift = dither[static_cast<std::size_t>(x % 8)];
    const auto channel = [&](int i) { return std::clamp(rgb[i] + shift, 0, 255); };
    const Rgb wanted{static_cast<std::uint8_t>(channel(0)), static_cast<std::uint8_t>(channel(1)),
                     static_cast<std::uint8_t>(channel(2))};
    std::int16_t& known = known_[static_cast<std::size_t>((wanted.r >> 2) << 12 |
                                                          (wanted.g >> 2) << 6 | wanted.b >> 2)];
    if (known < 0) known = static_cast<std::int16_t>(nearest(wanted, palette_).index);
    indices[x] = static_cast<std::uint8_t>(known);
  }
}

}  // namespace clipbuf::detail
