#include "source/pattern.hpp"

#include "detail/interrupt.hpp"
#include "detail/text.hpp"
#include "detail/try.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

namespace clipbuf::detail {
namespace {

struct Yuv {
  int y, u, v;
};
// 75 % bars of ITU-R BT.601, limited range: white, yellow, cyan, green, magenta, red, blue, black.
constexpr std::array<Yuv, 8> kBars{{{180, 128, 128},
                                    {162, 44, 142},
                                    {131, 156, 44},
                                    {112, 72, 58},
                                    {84, 184, 198},
                                    {65, 100, 212},
                                    {35, 212, 114},
                                    {16, 128, 128}}};

/// The planes of one YUV 4:2:0 picture.
class Canvas {
 public:
  Canvas(int width, int height, std::byte* data)
      : width_(width),
        height_(height),
        luma_(data),
        u_(data + size_t_of(width) * size_t_of(height)),
        v_(u_ + size_t_of(chroma_width()) * size_t_of(chroma_height())) {}

  void fill(int left, int top, int right, int bottom, Yuv color) {
    left = std::clamp(left, 0, width_);
    right = std::clamp(right, left, width_);
    top = std::clamp(top, 0, height_);
    bottom = std::clamp(bottom, top, height_);
    fill_plane({luma_, width_}, {left, top, right, bottom}, color.y);
    const Box half{left / 2, top / 2, (right + 1) / 2, (bottom + 1) / 2};
    fill_plane({u_, chroma_width()}, half, color.u);
    fill_plane({v_, chroma_width()}, half, color.v);
  }
  std::byte* luma() const { return luma_; }

 private:
  struct Plane {
    std::byte* data;
    int stride;
  };
  struct Box {
    int left, top, right, bottom;
  };
  static std::size_t size_t_of(int value) { return static_cast<std::size_t>(value); }
  int chroma_width() const { return (width_ + 1) / 2; }
  int chroma_height() const { return (height_ + 1) / 2; }
  static void fill_plane(Plane plane, Box box, int value) {
    for (int y = box.top; y < box.bottom; ++y) {
      std::byte* row = plane.data + size_t_of(y) * size_t_of(plane.stride);
      std::fill(row + box.left, row + std::max(box.left, box.right), static_cast<std::byte>(value));
    }
  }

  int width_, height_;
  std::byte* luma_;
  std::byte* u_;
  std::byte* v_;
};

/// A way to and fro over [0, span].
int bounce(std::uint64_t number, int step, int span) {
  if (span <= 0) return 0;
  const auto period = 2 * static_cast<std::uint64_t>(span);
  const auto at = static_cast<int>(number * static_cast<std::uint64_t>(step) % period);
  return at <= span ? at : 2 * span - at;
}

std::string two_digits(long long value) {
  std::string text = std::to_string(value);
  return text.size() < 2 ? "0" + text : text;
}

std::string clock_text(Timestamp timestamp) {
  const auto ms =
      std::chrono::floor<std::chrono::milliseconds>(timestamp.time_since_epoch()).count();
  const long long day = ((ms % 86'400'000) + 86'400'000) % 86'400'000;
  return two_digits(day / 3'600'000) + ":" + two_digits(day / 60'000 % 60) + ":" +
         two_digits(day / 1000 % 60) + "." + std::to_string(1000 + day % 1000).substr(1);
}

class Pattern final : public Source {
 public:
  Pattern(Size size, double fps) : size_(size), fps_(fps) {}

  Result<SourceInfo> open() override {
    if (interrupt_.cancelled()) return Error{Errc::kCancelled, "pattern: cancelled"};
    start_ = std::chrono::steady_clock::now();
    wall_ = system_clock().wall();
    number_ = 0;
    opened_ = true;
    return SourceInfo{{},
                      true,
                      "pattern: " + std::to_string(size_.width) + "x" +
                          std::to_string(size_.height) + " " + std::to_string(std::lround(fps_)) +
                          " fps"};
  }

  Result<SourceItem> read() override {
    if (!opened_) return Error{Errc::kInvalidState, "pattern: not open"};
    skip_missed();
    const Duration media = time_of(number_);
    if (!interrupt_.sleep_until(start_ + media))
      return Error{Errc::kCancelled, "pattern: cancelled"};
    CLIPBUF_TRY_SET(Frame frame, draw_pattern(size_.width, size_.height, number_, wall_ + media));
    ++number_;
    return SourceItem(std::move(frame));
  }

  void cancel() noexcept override { interrupt_.cancel(); }

 private:
  Duration time_of(std::uint64_t number) const {
    return Duration(std::llround(static_cast<double>(number) * 1e6 / fps_));
  }

  /// As a camera, it does not wait for a slow reader: the clock in the picture stays right.
  void skip_missed() {
    constexpr Duration kPatience = std::chrono::milliseconds(250);
    const auto passed =
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - start_);
    if (passed - time_of(number_) <= kPatience) return;
    number_ = static_cast<std::uint64_t>(static_cast<double>(passed.count()) * fps_ / 1e6);
  }

  const Size size_;
  const double fps_;
  Interrupt interrupt_;
  SteadyTime start_{};
  Timestamp wall_{};
  std::uint64_t number_ = 0;
  bool opened_ = false;
};

}  // namespace

Result<Size> parse_size(std::string_view text, std::uint64_t max_pixels) {
  Size size;
  const char* end = text.data() + text.size();
  const auto width = std::from_chars(text.data(), end, size.width);
  const bool cross = width.ec == std::errc() && width.ptr != end && *width.ptr == 'x';
  const auto height = cross ? std::from_chars(width.ptr + 1, end, size.height) : width;
  if (!cross || height.ec != std::errc() || height.ptr != end || size.width < 1 ||
      size.height < 1) {
    return Error{Errc::kInvalidArgument,
                 "a size looks like 640x480, not '" + std::string(text) + "'"};
  }
  constexpr int kLongest = 32768;
  const auto pixels =
      static_cast<std::uint64_t>(size.width) * static_cast<std::uint64_t>(size.height);
  if (pixels > max_pixels || size.width > kLongest || size.height > kLongest) {
    return Error{Errc::kInvalidArgument, "size " + std::string(text) + " is more than " +
                                             std::to_string(max_pixels) + " pixels (max_pixels)"};
  }
  return size;
}

Result<Frame> draw_pattern(int width, int height, std::uint64_t number, Timestamp timestamp) {
  const PlaneLayout layout = plane_layout(PixelFormat::kYuv420p, width, height);
  if (layout.planes == 0) return Error{Errc::kInvalidArgument, "a picture has at least one pixel"};
  auto pixels = std::make_shared<std::vector<std::byte>>(layout.total_bytes());
  Canvas canvas(width, height, pixels->data());
  const int bars = static_cast<int>(kBars.size());
  for (int i = 0; i < bars; ++i) {
    canvas.fill(width * i / bars, 0, width * (i + 1) / bars, height,
                kBars[static_cast<std::size_t>(i)]);
  }
  const int box = std::max(2, std::min(width, height) / 6);
  const int x = bounce(number, std::max(1, width / 100), width - box);
  const int y = bounce(number, std::max(1, height / 150), height - box);
  canvas.fill(x, y, x + box, y + box, {235, 128, 128});
  const int scale = std::max(1, width / 160);
  draw_text(canvas.luma(), width, width, height, scale * 4, height - scale * 10, scale,
            std::to_string(number) + "  " + clock_text(timestamp));

  FrameView view;
  view.format = PixelFormat::kYuv420p;
  view.width = width;
  view.height = height;
  view.range = ColorRange::kLimited;
  view.timestamp = timestamp;
  std::size_t offset = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    view.planes[i] = pixels->data() + offset;
    view.strides[i] = static_cast<std::ptrdiff_t>(layout.row_bytes[i]);
    offset += layout.row_bytes[i] * layout.rows[i];
  }
  return Frame(view, std::move(pixels));
}

Result<std::unique_ptr<Source>> make_pattern(const Config& config) {
  if (config.source.size() > std::string_view("pattern:").size()) {
    return Error{Errc::kInvalidArgument,
                 "'pattern:' takes nothing after its colon; set size and fps as options"};
  }
  Size size{640, 480};
  if (!config.size.empty()) {
    CLIPBUF_TRY_SET(size, parse_size(config.size, config.max_pixels));
  }
  const double fps = config.fps > 0 ? config.fps : 30;
  if (!std::isfinite(fps) || fps > 1000) {
    return Error{Errc::kInvalidArgument, "fps of the pattern is at most 1000"};
  }
  return std::unique_ptr<Source>(std::make_unique<Pattern>(size, fps));
}

}  // namespace clipbuf::detail
