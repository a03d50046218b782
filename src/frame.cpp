#include <clipbuf/frame.hpp>

#include "detail/scale.hpp"

#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <vector>

namespace clipbuf {
namespace {

constexpr int kMaxSide = 65535;  // as JPEG's; a larger one is a broken number, not a picture

struct Name {
  std::string_view text;
  PixelFormat format;
};

// The first row of a format is its name.
constexpr std::array kNames = {
    Name{"gray8", PixelFormat::kGray8},
    Name{"bgr24", PixelFormat::kBgr24},
    Name{"rgb24", PixelFormat::kRgb24},
    Name{"bgra", PixelFormat::kBgra},
    Name{"rgba", PixelFormat::kRgba},
    Name{"yuv420p", PixelFormat::kYuv420p},
    Name{"yuv422p", PixelFormat::kYuv422p},
    Name{"yuv444p", PixelFormat::kYuv444p},
    Name{"nv12", PixelFormat::kNv12},
    Name{"yuyv422", PixelFormat::kYuyv422},
    Name{"yuv420p10le", PixelFormat::kYuv420p10},
    Name{"yuv422p10le", PixelFormat::kYuv422p10},
    Name{"yuv444p10le", PixelFormat::kYuv444p10},
    Name{"gray", PixelFormat::kGray8},
    Name{"bgr", PixelFormat::kBgr24},
    Name{"rgb", PixelFormat::kRgb24},
    Name{"yuv420p10", PixelFormat::kYuv420p10},
    Name{"yuv422p10", PixelFormat::kYuv422p10},
    Name{"yuv444p10", PixelFormat::kYuv444p10},
};

PlaneLayout packed(std::size_t row_bytes, std::size_t rows) noexcept {
  return {1, {row_bytes}, {rows}};
}

PlaneLayout planar(std::size_t row_bytes, std::size_t rows, std::size_t chroma_bytes,
                   std::size_t chroma_rows) noexcept {
  return {3, {row_bytes, chroma_bytes, chroma_bytes}, {rows, chroma_rows, chroma_rows}};
}

std::string describe(const FrameView& view) {
  return std::to_string(view.width) + "x" + std::to_string(view.height) + " " +
         std::string(pixel_format_name(view.format)) + " frame";
}

void copy_planes(const FrameView& from, const PlaneLayout& layout, FrameView& to,
                 std::byte* target) {
  for (std::size_t p = 0; p < static_cast<std::size_t>(layout.planes); ++p) {
    to.planes[p] = target;
    to.strides[p] = static_cast<std::ptrdiff_t>(layout.row_bytes[p]);
    const std::byte* row = from.planes[p];
    for (std::size_t y = 0; y < layout.rows[p]; ++y) {
      std::memcpy(target, row + static_cast<std::ptrdiff_t>(y) * from.strides[p],
                  layout.row_bytes[p]);
      target += layout.row_bytes[p];
    }
  }
}

}  // namespace

std::size_t PlaneLayout::total_bytes() const noexcept {
  std::size_t sum = 0;
  for (std::size_t p = 0; p < row_bytes.size(); ++p)
    sum += row_bytes[p] * rows[p];
  return sum;
}

std::string_view pixel_format_name(PixelFormat format) noexcept {
  for (const Name& name : kNames)
    if (name.format == format) return name.text;
  return "unknown";
}

PixelFormat pixel_format_from_name(std::string_view name) noexcept {
  for (const Name& row : kNames)
    if (row.text == name) return row.format;
  return PixelFormat::kUnknown;
}

PlaneLayout plane_layout(PixelFormat format, int width, int height) noexcept {
  if (width < 1 || height < 1) return {};
  const auto w = static_cast<std::size_t>(width);
  const auto h = static_cast<std::size_t>(height);
  const std::size_t half_w = (w + 1) / 2;
  const std::size_t half_h = (h + 1) / 2;
  switch (format) {
    case PixelFormat::kUnknown:
      break;
    case PixelFormat::kGray8:
      return packed(w, h);
    case PixelFormat::kBgr24:
    case PixelFormat::kRgb24:
      return packed(3 * w, h);
    case PixelFormat::kBgra:
    case PixelFormat::kRgba:
      return packed(4 * w, h);
    case PixelFormat::kYuyv422:
      return packed(4 * half_w, h);
    case PixelFormat::kNv12:
      return {2, {w, 2 * half_w}, {h, half_h}};
    case PixelFormat::kYuv420p:
      return planar(w, h, half_w, half_h);
    case PixelFormat::kYuv422p:
      return planar(w, h, half_w, h);
    case PixelFormat::kYuv444p:
      return planar(w, h, w, h);
    case PixelFormat::kYuv420p10:
      return planar(2 * w, h, 2 * half_w, half_h);
    case PixelFormat::kYuv422p10:
      return planar(2 * w, h, 2 * half_w, h);
    case PixelFormat::kYuv444p10:
      return planar(2 * w, h, 2 * w, h);
  }
  return {};
}

Result<void> FrameView::validate() const {
  if (pixel_format_name(format) == "unknown")
    return Error{Errc::kInvalidArgument, "a frame of unknown pixel format (" +
                                             std::to_string(static_cast<int>(format)) + ")"};
  if (width < 1 || height < 1 || width > kMaxSide || height > kMaxSide)
    return Error{Errc::kInvalidArgument,
                 describe(*this) + ": each side must be 1 to " + std::to_string(kMaxSide)};
  const PlaneLayout layout = plane_layout(format, width, height);
  for (std::size_t p = 0; p < static_cast<std::size_t>(layout.planes); ++p) {
    const auto row = static_cast<std::ptrdiff_t>(layout.row_bytes[p]);
    const bool wide_enough = strides[p] >= row || strides[p] <= -row;
    const bool fits_int = strides[p] <= 0x7fff'ffff && strides[p] >= -0x7fff'ffff;
    if (planes[p] == nullptr)
      return Error{Errc::kInvalidArgument,
                   describe(*this) + ": plane " + std::to_string(p) + " is null"};
    // A picture of one row needs no stride.
    if ((!wide_enough && layout.rows[p] > 1) || !fits_int)
      return Error{Errc::kInvalidArgument, describe(*this) + ": plane " + std::to_string(p) +
                                               " has a stride of " + std::to_string(strides[p]) +
                                               " bytes for rows of " + std::to_string(row)};
  }
  return {};
}

Result<Frame> Frame::copy_of(const FrameView& view) try {
  if (auto valid = view.validate(); !valid) return std::move(valid).error();
  const PlaneLayout layout = plane_layout(view.format, view.width, view.height);
  const auto pixels = std::make_shared<std::vector<std::byte>>(layout.total_bytes());
  FrameView copy = view;
  copy.planes = {};
  copy.strides = {};
  copy_planes(view, layout, copy, pixels->data());
  return Frame(copy, pixels);
} catch (const std::bad_alloc&) {
  return Error{Errc::kOutOfMemory, "no memory for a " + describe(view)};
}

Result<Frame> Frame::converted(PixelFormat format) const {
  if (format == view_.format && owner_ != nullptr) return *this;
  return detail::convert_frame(view_, format, AVCOL_SPC_UNSPECIFIED);
}

}  // namespace clipbuf
