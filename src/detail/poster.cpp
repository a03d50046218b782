#include "detail/poster.hpp"

#include "detail/try.hpp"

#include <clipbuf/codec/jpeg.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace clipbuf::detail {
namespace {

// A turn by a multiple of 90 degrees, and maybe a mirror: where a source pixel (x, y) is shown, but
// for the offset that makes all of them positive. Each row of the matrix has one non-zero number.
struct Turn {
  int x_from_x = 1, x_from_y = 0;
  int y_from_x = 0, y_from_y = 1;
  bool none() const { return x_from_x == 1 && y_from_y == 1; }
  bool sideways() const { return x_from_x == 0; }
};

// The matrix [a b u; c d v; x y w] of ISO/IEC 14496-12 shows (p, q) at (ap + cq, bp + dq).
Turn turn_of(const std::array<std::int32_t, 9>& matrix) {
  const std::int64_t a = matrix[0];
  const std::int64_t b = matrix[1];
  const std::int64_t c = matrix[3];
  const std::int64_t d = matrix[4];
  const auto sign = [](std::int64_t value) { return value < 0 ? -1 : 1; };
  if (std::abs(a) + std::abs(d) < std::abs(b) + std::abs(c)) return {0, sign(c), sign(b), 0};
  if (a == 0 && d == 0) return {};
  return {sign(a), 0, 0, sign(d)};
}

template <std::size_t kBytes>
void turn_pixels(const FrameView& from, const Turn& turn, std::byte* to, int to_width) {
  const int left =
      std::min({0, turn.x_from_x * (from.width - 1), turn.x_from_y * (from.height - 1)});
  const int top =
      std::min({0, turn.y_from_x * (from.width - 1), turn.y_from_y * (from.height - 1)});
  for (int y = 0; y < from.height; ++y) {
    const std::byte* source = from.planes[0] + y * from.strides[0];
    for (int x = 0; x < from.width; ++x, source += kBytes) {
      const std::int64_t column = turn.x_from_x * x + turn.x_from_y * y - left;
      const std::int64_t row = turn.y_from_x * x + turn.y_from_y * y - top;
      std::memcpy(to + (row * to_width + column) * static_cast<std::int64_t>(kBytes), source,
                  kBytes);
    }
  }
}

bool one_plane_of_whole_pixels(PixelFormat format) {
  return format == PixelFormat::kGray8 || format == PixelFormat::kBgr24 ||
         format == PixelFormat::kRgb24 || format == PixelFormat::kBgra ||
         format == PixelFormat::kRgba;
}

}  // namespace

Result<Frame> upright(const Frame& frame, const std::array<std::int32_t, 9>& display_matrix) {
  const Turn turn = turn_of(display_matrix);
  if (turn.none()) return frame;
  // Subsampled chroma doesn't survive a quarter turn; such a picture is turned as BGR.
  CLIPBUF_TRY_SET(const Frame whole,
                  frame.converted(one_plane_of_whole_pixels(frame.format()) ? frame.format()
                                                                            : PixelFormat::kBgr24));
  FrameView view = whole.view();
  if (turn.sideways()) std::swap(view.width, view.height);
  const PlaneLayout layout = plane_layout(view.format, view.width, view.height);
  const auto pixels = std::make_shared<std::vector<std::byte>>(layout.total_bytes());
  const auto pixel_bytes = layout.row_bytes[0] / static_cast<std::size_t>(view.width);
  if (pixel_bytes == 1) turn_pixels<1>(whole.view(), turn, pixels->data(), view.width);
  if (pixel_bytes == 3) turn_pixels<3>(whole.view(), turn, pixels->data(), view.width);
  if (pixel_bytes == 4) turn_pixels<4>(whole.view(), turn, pixels->data(), view.width);
  view.planes = {pixels->data()};
  view.strides = {static_cast<std::ptrdiff_t>(layout.row_bytes[0])};
  return Frame(view, pixels);
}

Result<std::vector<std::byte>> encode_jpeg(const FrameView& view, int quality,
                                           const std::array<std::int32_t, 9>& display_matrix) {
  CLIPBUF_TRY(view.validate());
  const std::shared_ptr<const void> nobody(&view,
                                           [](const void*) {});  // the view outlives this call
  CLIPBUF_TRY_SET(const Frame shown, upright(Frame(view, nobody), display_matrix));
  JpegCodec codec({.quality = std::clamp(quality, 1, 100)});
  std::vector<std::byte> jpeg;
  const PacketSink keep = [&](const Packet& packet) -> Result<void> {
    jpeg.assign(packet.data.begin(), packet.data.end());
    return {};
  };
  CLIPBUF_TRY(codec.encode(shown.view(), {}, keep));
  CLIPBUF_TRY(codec.flush(keep));
  return jpeg;
}

}  // namespace clipbuf::detail
