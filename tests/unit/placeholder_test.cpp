#include "detail/placeholder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace clipbuf;
using namespace std::chrono_literals;
using clipbuf::detail::placeholder_frame;

namespace {

constexpr Timestamp kBegin{1'795'341'600s};
constexpr TimeRange kRange{kBegin, kBegin + 30s};

// The smallest box around everything bright.
struct Box {
  int left = 1 << 20;
  int top = 1 << 20;
  int right = -1;
  int bottom = -1;
};

Box bright_box(const FrameView& view) {
  Box box;
  for (int y = 0; y < view.height; ++y) {
    for (int x = 0; x < view.width; ++x) {
      if (view.planes[0][y * view.strides[0] + x] < std::byte{128}) continue;
      box = {std::min(box.left, x), std::min(box.top, y), std::max(box.right, x),
             std::max(box.bottom, y)};
    }
  }
  return box;
}

std::vector<std::byte> luma(const Frame& frame) {
  const FrameView& view = frame.view();
  return {view.planes[0], view.planes[0] + view.strides[0] * view.height};
}

}  // namespace

TEST_CASE("placeholder: it is a valid dark picture with text in its middle") {
  const std::vector<Gap> gaps{{kRange, GapReason::kSourceLost}};
  const std::pair<int, int> sizes[] = {
      {320, 240}, {640, 360}, {641, 361}, {1280, 720}, {1920, 1080}};
  for (const auto& size : sizes) {
    const int width = size.first;
    const int height = size.second;
    CAPTURE(width);
    const auto frame = placeholder_frame(width, height, gaps, kRange);
    REQUIRE(frame);
    CHECK(frame->format() == PixelFormat::kYuv420p);
    CHECK(frame->view().validate());
    CHECK(frame->timestamp() == kBegin);
    const Box box = bright_box(frame->view());
    const int text_width = box.right - box.left;
    CHECK(text_width > width / 2);
    CHECK(std::abs(box.left - (width - 1 - box.right)) <= width / 40);
    CHECK(std::abs(box.top - (height - 1 - box.bottom)) <= height / 20);
    CHECK(box.left > 0);
    CHECK(box.right < width - 1);
  }
}

TEST_CASE("placeholder: range and reason show") {
  std::vector<std::vector<std::byte>> seen;
  for (int reason = 0; reason <= 5; ++reason) {
    const std::vector<Gap> gaps{{kRange, static_cast<GapReason>(reason)}};
    seen.push_back(luma(placeholder_frame(640, 360, gaps, kRange).value()));
  }
  seen.push_back(luma(placeholder_frame(640, 360, {}, kRange).value()));
  seen.push_back(luma(placeholder_frame(640, 360, {}, {kBegin, kBegin + 31s}).value()));
  std::sort(seen.begin(), seen.end());
  CHECK(std::unique(seen.begin(), seen.end()) == seen.end());
}

TEST_CASE("placeholder: any size and any number of gaps fit or are left out") {
  std::vector<Gap> gaps;
  for (int i = 0; i < 2000; ++i)
    gaps.push_back({{kBegin + i * 10s, kBegin + i * 10s + 7s}, static_cast<GapReason>(i % 6)});
  for (const int width : {1, 2, 7, 31, 64, 333, 1000}) {
    for (const int height : {1, 2, 9, 33, 101, 1000}) {
      CAPTURE(width);
      CAPTURE(height);
      CHECK(placeholder_frame(width, height, gaps, kRange).value().view().validate());
      CHECK(placeholder_frame(width, height, {}, kRange).value().view().validate());
    }
  }
  const TimeRange all{Timestamp::min(), Timestamp::max()};
  CHECK(placeholder_frame(320, 240, {}, all));
}

TEST_CASE("placeholder: sizes that are no picture are refused with the numbers") {
  for (const auto& size : {std::pair{0, 240}, {320, 0}, {-1, -1}, {16'385, 10}}) {
    const int width = size.first;
    const int height = size.second;
    const auto frame = placeholder_frame(width, height, {}, kRange);
    REQUIRE(!frame);
    CHECK(frame.error().code == Errc::kInvalidArgument);
    CHECK(frame.error().message.find(std::to_string(width)) != std::string::npos);
  }
}
