// One picture: FrameView looks at pixels somebody else owns, Frame shares the ownership.
#pragma once

#include <clipbuf/time.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

namespace clipbuf {

/// How pixels lie in memory. The names are FFmpeg's; *10 formats are 10 bits in 16, little endian.
enum class PixelFormat : std::int32_t {
  kUnknown = 0,
  kGray8 = 1,
  kBgr24 = 2,
  kRgb24 = 3,
  kBgra = 4,
  kRgba = 5,
  kYuv420p = 6,
  kYuv422p = 7,
  kYuv444p = 8,
  kNv12 = 9,
  kYuyv422 = 10,
  kYuv420p10 = 11,
  kYuv422p10 = 12,
  kYuv444p10 = 13,
};

/// Whether luma uses 16..235 (limited) or 0..255 (full). JPEG is full, broadcast is limited.
enum class ColorRange : std::int32_t { kUnspecified = 0, kLimited = 1, kFull = 2 };

/// What a format's planes are: how many, and each one's bytes per row and rows for a picture size.
struct PlaneLayout {
  int planes = 0;
  std::array<std::size_t, 4> row_bytes{};
  std::array<std::size_t, 4> rows{};
  CLIPBUF_API std::size_t total_bytes() const noexcept;
};

/// "bgr24", "yuv420p", ...; "unknown" for kUnknown.
CLIPBUF_API std::string_view pixel_format_name(PixelFormat format) noexcept;

/// The format of that name (also "bgr", "rgb", "gray"); kUnknown when there is none.
CLIPBUF_API PixelFormat pixel_format_from_name(std::string_view name) noexcept;

/// The layout of an unpadded picture. Zero planes for kUnknown or a size below 1.
CLIPBUF_API PlaneLayout plane_layout(PixelFormat format, int width, int height) noexcept;

/// A picture whose pixels belong to somebody else; valid for as long as they say.
/// Strides are bytes from one row to the next, at least the row's bytes; they may be negative
/// (a picture stored bottom-up), and then the plane's pointer is that of the top row.
struct FrameView {
  PixelFormat format = PixelFormat::kUnknown;
  int width = 0;   ///< pixels
  int height = 0;  ///< pixels
  ColorRange range = ColorRange::kUnspecified;
  std::array<const std::byte*, 4> planes{};
  std::array<std::ptrdiff_t, 4> strides{};
  Timestamp timestamp{};  ///< when it was presented (captured)

  /// Whether format, size, pointers and strides make sense together.
  /// Errors: kInvalidArgument with the numbers.
  CLIPBUF_API Result<void> validate() const;
};

/// A picture that keeps its pixels alive. Copying shares them; they are never written again.
/// Thread word: compatible.
class Frame {
 public:
  Frame() = default;

  /// Shares pixels that `owner` keeps alive.
  Frame(FrameView view, std::shared_ptr<const void> owner) noexcept
      : view_(view), owner_(std::move(owner)) {}

  /// A copy of the pixels, unpadded. Errors: kInvalidArgument, kOutOfMemory.
  CLIPBUF_API static Result<Frame> copy_of(const FrameView& view);

  const FrameView& view() const noexcept { return view_; }
  explicit operator bool() const noexcept { return owner_ != nullptr; }
  PixelFormat format() const noexcept { return view_.format; }
  int width() const noexcept { return view_.width; }
  int height() const noexcept { return view_.height; }
  Timestamp timestamp() const noexcept { return view_.timestamp; }
  void set_timestamp(Timestamp timestamp) noexcept { view_.timestamp = timestamp; }

  /// The same picture in another format (itself when it already is). Errors: kUnsupported,
  /// kOutOfMemory.
  CLIPBUF_API Result<Frame> converted(PixelFormat format) const;

 private:
  FrameView view_;
  std::shared_ptr<const void> owner_;
};

}  // namespace clipbuf
