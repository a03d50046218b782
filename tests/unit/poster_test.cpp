#include "detail/poster.hpp"

#include <clipbuf/codec/jpeg.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <utility>

extern "C" {
#include <libavutil/display.h>
}

using namespace clipbuf;
using clipbuf::detail::encode_jpeg;
using clipbuf::detail::upright;

namespace {

using Matrix = std::array<std::int32_t, 9>;

// Turned clockwise by so many degrees when shown, then mirrored.
Matrix matrix_of(double clockwise, bool mirrored = false) {
  Matrix matrix{};
  av_display_rotation_set(matrix.data(), clockwise);
  if (mirrored) av_display_matrix_flip(matrix.data(), 1, 0);
  return matrix;
}

// 6x4 gray, every pixel with a value of its own.
Frame numbered() {
  const auto pixels = std::make_shared<std::vector<std::byte>>();
  for (int i = 0; i < 24; ++i)
    pixels->push_back(static_cast<std::byte>(i));
  FrameView view;
  view.format = PixelFormat::kGray8;
  view.width = 6;
  view.height = 4;
  view.planes[0] = pixels->data();
  view.strides[0] = 6;
  return {view, pixels};
}

int at(const Frame& frame, int x, int y) {
  return static_cast<int>(frame.view().planes[0][y * frame.view().strides[0] + x]);
}

// Four corners of four colours, large enough for JPEG to keep them.
Frame corners(PixelFormat format, int width, int height) {
  const auto pixels = std::make_shared<std::vector<std::byte>>(
      static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  const int colors[4][3] = {{220, 30, 30}, {30, 220, 30}, {30, 30, 220}, {220, 220, 30}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c)
        (*pixels)[static_cast<std::size_t>((y * width + x) * 3 + c)] =
            static_cast<std::byte>(colors[(y >= height / 2 ? 2 : 0) + (x >= width / 2 ? 1 : 0)][c]);
  FrameView view;
  view.format = PixelFormat::kBgr24;
  view.width = width;
  view.height = height;
  view.planes[0] = pixels->data();
  view.strides[0] = width * 3;
  return Frame(view, pixels).converted(format).value();
}

Frame decode(const std::vector<std::byte>& jpeg) {
  const JpegCodec codec;
  Track track;
  track.codec = "mjpeg";
  auto decoder = codec.decoder(track).value();
  Packet packet;
  packet.key = true;
  packet.pts = 0;
  packet.data = jpeg;
  Frame frame;
  const FrameSink keep = [&](const FrameView& view, std::int64_t) -> Result<void> {
    frame = Frame::copy_of(view).value();
    return {};
  };
  REQUIRE(decoder->decode(packet, keep));
  REQUIRE(decoder->flush(keep));
  REQUIRE(frame);
  return frame.converted(PixelFormat::kBgr24).value();
}

// Which of the four colours is at a place.
int color_at(const Frame& frame, int x, int y) {
  const std::byte* p = frame.view().planes[0] + y * frame.view().strides[0] + x * 3;
  const bool b = p[0] > std::byte{128};
  const bool g = p[1] > std::byte{128};
  const bool r = p[2] > std::byte{128};
  return b && g ? 3 : b ? 0 : g ? 1 : r ? 2 : -1;
}

}  // namespace

TEST_CASE("poster: a picture without a matrix stays itself") {
  const Frame frame = numbered();
  CHECK(upright(frame, {})->view().planes[0] == frame.view().planes[0]);
  CHECK(upright(frame, matrix_of(0))->view().planes[0] == frame.view().planes[0]);
}

TEST_CASE("poster: it is turned the way a player turns it") {
  const Frame frame = numbered();
  const Frame quarter = upright(frame, matrix_of(90)).value();
  REQUIRE(quarter.width() == 4);
  REQUIRE(quarter.height() == 6);
  CHECK(quarter.view().validate());
  CHECK(at(quarter, 3, 0) == 0);   // the first pixel goes to the top right
  CHECK(at(quarter, 0, 0) == 18);  // the last row becomes the first column
  CHECK(at(quarter, 0, 5) == 23);
  const Frame half = upright(frame, matrix_of(180)).value();
  REQUIRE(half.width() == 6);
  CHECK(at(half, 0, 0) == 23);
  CHECK(at(half, 5, 3) == 0);
  CHECK(at(half, 5, 0) == 18);
  const Frame three = upright(frame, matrix_of(270)).value();
  REQUIRE(three.height() == 6);
  CHECK(at(three, 0, 0) == 5);
  CHECK(at(three, 0, 5) == 0);
  CHECK(at(three, 3, 0) == 23);
  const Frame mirrored = upright(frame, matrix_of(0, true)).value();
  CHECK(at(mirrored, 0, 0) == 5);
  CHECK(at(mirrored, 5, 3) == 18);
}

TEST_CASE("poster: odd angles, scaled and senseless matrices don't break it") {
  const Frame frame = numbered();
  CHECK(at(upright(frame, matrix_of(93)).value(), 3, 0) == 0);
  const Matrix half_size{-0x8000, 0, 0, 0, -0x8000, 0, 0, 0, 0x40000000};
  CHECK(at(upright(frame, half_size).value(), 0, 0) == 23);
  Matrix lowest;
  lowest.fill(std::numeric_limits<std::int32_t>::min());
  CHECK(upright(frame, lowest));
  CHECK(upright(frame, {0, 0, 0, 0, 0, 0, 5, 5, 5})->width() == 6);
}

TEST_CASE("poster: every pixel format becomes a JPEG that shows the same picture") {
  for (const PixelFormat format :
       {PixelFormat::kBgr24, PixelFormat::kRgb24, PixelFormat::kBgra, PixelFormat::kRgba,
        PixelFormat::kYuv420p, PixelFormat::kYuv422p, PixelFormat::kYuv444p, PixelFormat::kNv12,
        PixelFormat::kYuv420p10, PixelFormat::kYuv444p10}) {
    CAPTURE(pixel_format_name(format));
    const Frame frame = corners(format, 65, 47);
    const Frame plain = decode(encode_jpeg(frame.view(), 90).value());
    REQUIRE(plain.width() == 65);
    REQUIRE(plain.height() == 47);
    CHECK(color_at(plain, 8, 8) == 0);
    CHECK(color_at(plain, 56, 8) == 1);
    CHECK(color_at(plain, 8, 39) == 2);
    CHECK(color_at(plain, 56, 39) == 3);
    const Frame turned = decode(encode_jpeg(frame.view(), 90, matrix_of(90)).value());
    REQUIRE(turned.width() == 47);
    CHECK(color_at(turned, 8, 8) == 2);
    CHECK(color_at(turned, 39, 8) == 0);
    CHECK(color_at(turned, 39, 56) == 1);
  }
}

TEST_CASE("poster: what is no picture is refused; quality is kept within its limits") {
  CHECK(encode_jpeg(FrameView{}, 85).error().code == Errc::kInvalidArgument);
  const Frame frame = corners(PixelFormat::kBgr24, 64, 48);
  const std::size_t worst = encode_jpeg(frame.view(), -5).value().size();
  const std::size_t best = encode_jpeg(frame.view(), 1000).value().size();
  CHECK(worst > 0);
  CHECK(worst < best);
}
