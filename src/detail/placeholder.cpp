#include "detail/placeholder.hpp"

#include "detail/text.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace clipbuf::detail {
namespace {

constexpr int kMaxSide = 16'384;
constexpr std::byte kBlack{16};
constexpr std::byte kNoColor{128};

std::string_view plain_words(GapReason reason) {
  switch (reason) {
    case GapReason::kEvicted:
      return "it made room for newer video";
    case GapReason::kNotRecordedYet:
      return "it is not recorded yet";
    case GapReason::kNotRecorded:
      return "recording had not begun";
    case GapReason::kSourceLost:
      return "the camera was away";
    case GapReason::kDropped:
      return "frames came but could not be kept";
    case GapReason::kClockStep:
      return "the clock was set";
  }
  return "unknown reason";
}

struct DayAndTime {
  std::string day;   // "2026-11-22"
  std::string time;  // "10:00:00" or "10:00:00.250"
};

DayAndTime day_and_time(Timestamp timestamp, bool milliseconds) {
  const std::string text = to_string(timestamp);
  const std::size_t t = text.find('T');
  if (t == std::string::npos) return {text, {}};
  return {text.substr(0, t), text.substr(t + 1, milliseconds ? 12 : 8)};
}

std::string in_words(const TimeRange& range, bool with_day) {
  const bool milliseconds = range.length() < std::chrono::seconds(10);
  const DayAndTime begin = day_and_time(range.begin, milliseconds);
  const DayAndTime end = day_and_time(range.end, milliseconds);
  const bool one_day = begin.day == end.day;
  const std::string from = with_day || !one_day ? begin.day + " " + begin.time : begin.time;
  return from + " to " + (one_day ? end.time : end.day + " " + end.time);
}

std::vector<std::string> paragraphs(std::span<const Gap> gaps, const TimeRange& requested) {
  std::vector<std::string> text{in_words(requested, true) + " UTC"};
  if (gaps.empty()) text.emplace_back("no frame lies in this range");
  if (gaps.size() == 1) text.emplace_back(plain_words(gaps.front().reason));
  if (gaps.size() < 2) return text;
  for (const Gap& gap : gaps)
    text.push_back(in_words(gap.range, false) + ": " + std::string(plain_words(gap.reason)));
  return text;
}

// Breaks at spaces; a word longer than a line is broken anywhere.
std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines;
  while (text.size() > columns) {
    const std::size_t space = text.rfind(' ', columns);
    const bool hard = space == std::string_view::npos || space == 0;
    lines.emplace_back(text.substr(0, hard ? columns : space));
    text.remove_prefix(hard ? columns : space + 1);
  }
  lines.emplace_back(text);
  return lines;
}

struct Line {
  std::string text;
  int scale = 1;
  int space_before = 0;  // pixels
  int height() const { return space_before + scale * kTextCellHeight; }
};

int total_height(const std::vector<Line>& lines) {
  int sum = 0;
  for (const Line& line : lines)
    sum += line.height();
  return sum;
}

std::size_t columns_of(int width, int scale) {
  return static_cast<std::size_t>(std::max(1, width / (scale * kTextCellWidth) - 1));
}

std::vector<Line> lay_out(const std::vector<std::string>& text, int width, int scale) {
  std::vector<Line> lines{{"NO VIDEO", scale * 2, 0}};
  if (columns_of(width, scale * 2) < lines.front().text.size()) lines.front().scale = scale;
  for (const std::string& paragraph : text) {
    int space = scale * kTextCellHeight;
    for (std::string& line : wrapped(paragraph, columns_of(width, scale))) {
      lines.push_back({std::move(line), scale, space});
      space = scale * 2;
    }
  }
  return lines;
}

// The largest text that fits, up to about 50 characters a line; where even the smallest doesn't,
// what is left over is counted instead.
std::vector<Line> fitted(std::span<const Gap> gaps, const TimeRange& requested, int width,
                         int height) {
  constexpr int kWidthPerScale = 320;
  const auto text = paragraphs(gaps, requested);
  for (int scale = std::max(1, width / kWidthPerScale); scale > 0; --scale) {
    auto lines = lay_out(text, width, scale);
    if (total_height(lines) <= height) return lines;
  }
  const auto lines_at_most = static_cast<std::size_t>(height) / kTextCellHeight + 1;
  for (std::size_t kept = std::min(gaps.size(), lines_at_most); kept-- > 0;) {
    std::vector<std::string> less(text.begin(),
                                  text.begin() + static_cast<std::ptrdiff_t>(kept + 1));
    less.push_back(kept > 0 ? "and " + std::to_string(gaps.size() - kept) + " more"
                            : std::to_string(gaps.size()) + " gaps");
    auto lines = lay_out(less, width, 1);
    if (total_height(lines) <= height) return lines;
  }
  return {{"NO VIDEO", 1, 0}};
}

}  // namespace

Result<Frame> placeholder_frame(int width, int height, std::span<const Gap> gaps,
                                TimeRange requested) {
  if (width < 1 || height < 1 || width > kMaxSide || height > kMaxSide)
    return Error{Errc::kInvalidArgument, "a placeholder of " + std::to_string(width) + "x" +
                                             std::to_string(height) + " pixels"};
  const PlaneLayout layout = plane_layout(PixelFormat::kYuv420p, width, height);
  const auto pixels = std::make_shared<std::vector<std::byte>>(layout.total_bytes(), kNoColor);
  std::byte* const luma = pixels->data();
  std::fill_n(luma, layout.row_bytes[0] * layout.rows[0], kBlack);
  FrameView view;
  view.format = PixelFormat::kYuv420p;
  view.width = width;
  view.height = height;
  view.range = ColorRange::kLimited;
  view.timestamp = requested.begin;
  std::size_t offset = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    view.planes[i] = luma + offset;
    view.strides[i] = static_cast<std::ptrdiff_t>(layout.row_bytes[i]);
    offset += layout.row_bytes[i] * layout.rows[i];
  }
  const auto lines = fitted(gaps, requested, width, height);
  int y = (height - total_height(lines)) / 2;
  for (const Line& line : lines) {
    y += line.space_before;
    const int text_width = static_cast<int>(line.text.size()) * line.scale * kTextCellWidth;
    draw_text(luma, view.strides[0], width, height, (width - text_width) / 2, y, line.scale,
              line.text);
    y += line.scale * kTextCellHeight;
  }
  return Frame(view, pixels);
}

}  // namespace clipbuf::detail
