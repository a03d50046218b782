#include "detail/text.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

using clipbuf::detail::draw_text;
using clipbuf::detail::kTextCellHeight;
using clipbuf::detail::kTextCellWidth;

namespace {

constexpr std::byte kUntouched{77};

// NOLINTNEXTLINE(readability-function-size): as many as draw_text has
std::vector<std::byte> drawn(const std::string& text, int width, int height, int x = 0, int y = 0,
                             int scale = 1) {
  std::vector<std::byte> luma(static_cast<std::size_t>(width) * static_cast<std::size_t>(height),
                              kUntouched);
  draw_text(luma.data(), width, width, height, x, y, scale, text);
  return luma;
}

}  // namespace

TEST_CASE("text: every character has a picture of its own") {
  const std::string all =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.,:-/+%[]()'_=<>?!#* ";
  std::set<std::vector<std::byte>> seen;
  for (const char character : all) {
    CAPTURE(character);
    CHECK(seen.insert(drawn(std::string(1, character), kTextCellWidth, kTextCellHeight)).second);
  }
  CHECK(seen.count(drawn("\x01", kTextCellWidth, kTextCellHeight)) == 0);
}

TEST_CASE("text: the letter L looks like one") {
  const auto luma = drawn("L", kTextCellWidth, kTextCellHeight);
  std::string shape;
  for (std::size_t i = 0; i < luma.size(); ++i) {
    shape += luma[i] == std::byte{235} ? '#' : '.';
    if (i % kTextCellWidth == kTextCellWidth - 1) shape += '\n';
  }
  CHECK(shape == ".#....\n.#....\n.#....\n.#....\n.#....\n.#....\n.#####\n......\n");
}

TEST_CASE("text: what lies outside the picture is left out") {
  std::vector<std::byte> luma(3 * 20 * 20, kUntouched);
  for (const int x : {-1000, -7, -3, 0, 15, 19, 20, 1000, 2'000'000'000})
    for (const int y : {-1000, -7, 0, 15, 20, 2'000'000'000})
      for (const int scale : {-1, 0, 1, 3, 100})
        draw_text(luma.data() + 20 * 20, 20, 20, 20, x, y, scale, "Clip 42%");
  CHECK(std::all_of(luma.begin(), luma.begin() + 400, [](std::byte b) { return b == kUntouched; }));
  CHECK(std::all_of(luma.begin() + 800, luma.end(), [](std::byte b) { return b == kUntouched; }));
  CHECK(std::any_of(luma.begin() + 400, luma.begin() + 800,
                    [](std::byte b) { return b != kUntouched; }));
}

TEST_CASE("text: scale and place are as asked") {
  const auto luma = drawn(":", 40, 40, 10, 20, 2);
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x < 40; ++x) {
      const bool inside =
          x >= 10 && x < 10 + 2 * kTextCellWidth && y >= 20 && y < 20 + 2 * kTextCellHeight;
      CHECK((luma[static_cast<std::size_t>(y * 40 + x)] != kUntouched) == inside);
    }
}
