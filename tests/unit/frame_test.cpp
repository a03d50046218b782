#include "support/pictures.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace clipbuf;
using namespace clipbuf::test;

namespace {

int sample(const Frame& frame, std::size_t plane, std::size_t at) {
  return std::to_integer<int>(frame.view().planes[plane][at]);
}

std::string why(const FrameView& view) {
  const auto valid = view.validate();
  if (valid) return "valid";
  CHECK(valid.error().code == Errc::kInvalidArgument);
  return valid.error().message;
}

}  // namespace

TEST_CASE("frame: every format has a name that leads back to it") {
  for (const PixelFormat format : kAllFormats) {
    CHECK(pixel_format_name(format) != "unknown");
    CHECK(pixel_format_from_name(pixel_format_name(format)) == format);
  }
  CHECK(pixel_format_name(PixelFormat::kUnknown) == "unknown");
  CHECK(pixel_format_name(static_cast<PixelFormat>(99)) == "unknown");
  CHECK(pixel_format_from_name("bgr") == PixelFormat::kBgr24);
  CHECK(pixel_format_from_name("rgb") == PixelFormat::kRgb24);
  CHECK(pixel_format_from_name("gray") == PixelFormat::kGray8);
  CHECK(pixel_format_from_name("") == PixelFormat::kUnknown);
  CHECK(pixel_format_from_name("unknown") == PixelFormat::kUnknown);
}

TEST_CASE("frame: the layout rounds chroma up at odd sizes") {
  CHECK(plane_layout(PixelFormat::kYuv420p, 5, 3).total_bytes() == 15 + 2 * 6);
  CHECK(plane_layout(PixelFormat::kYuv422p, 5, 3).total_bytes() == 15 + 2 * 9);
  CHECK(plane_layout(PixelFormat::kYuv444p10, 5, 3).total_bytes() == 90);
  CHECK(plane_layout(PixelFormat::kYuv420p10, 5, 3).total_bytes() == 2 * 27);
  CHECK(plane_layout(PixelFormat::kNv12, 5, 3).total_bytes() == 15 + 12);
  CHECK(plane_layout(PixelFormat::kYuyv422, 5, 3).total_bytes() == 36);
  CHECK(plane_layout(PixelFormat::kBgr24, 640, 480).total_bytes() == 921'600);
  CHECK(plane_layout(PixelFormat::kBgra, 0, 3).planes == 0);
  CHECK(plane_layout(PixelFormat::kBgra, 3, -1).planes == 0);
  CHECK(plane_layout(PixelFormat::kUnknown, 3, 3).planes == 0);
}

TEST_CASE("frame: a view that makes no sense is refused with its numbers") {
  const Frame frame = picture(PixelFormat::kYuv420p, 16, 8, 0);
  CHECK(why(frame.view()) == "valid");
  FrameView view = frame.view();
  view.width = 0;
  CHECK(why(view).find("0x8") != std::string::npos);
  view = frame.view();
  view.height = 70'000;
  CHECK(why(view).find("70000") != std::string::npos);
  view = frame.view();
  view.format = static_cast<PixelFormat>(99);
  CHECK(why(view).find("99") != std::string::npos);
  view = frame.view();
  view.planes[2] = nullptr;
  CHECK(why(view).find("plane 2 is null") != std::string::npos);
  view = frame.view();
  view.strides[1] = 7;
  CHECK(why(view).find("plane 1 has a stride of 7 bytes for rows of 8") != std::string::npos);
  view.strides[1] = -8;
  CHECK(why(view) == "valid");
  view.strides[1] = std::ptrdiff_t{1} << 40;
  CHECK(why(view) != "valid");
  CHECK(why(FrameView{}) != "valid");
}

TEST_CASE("frame: a copy is unpadded and top-down whatever the strides were") {
  for (const PixelFormat format : kAllFormats)
    for (const bool bottom_up : {false, true}) {
      CAPTURE(pixel_format_name(format));
      const Frame frame = picture(format, 37, 21, 5, at_us(77));
      const Frame copy = Frame::copy_of(restrided(frame, 13, bottom_up).view()).value();
      CHECK(identical(frame.view(), copy.view()));
      CHECK(copy.timestamp() == at_us(77));
      CHECK(copy.view().strides[0] ==
            static_cast<std::ptrdiff_t>(plane_layout(format, 37, 21).row_bytes[0]));
    }
  CHECK(Frame::copy_of(FrameView{}).error().code == Errc::kInvalidArgument);
}

TEST_CASE("frame: converting to its own format shares the pixels") {
  const Frame frame = picture(PixelFormat::kBgr24, 32, 32, 0);
  CHECK(frame.converted(PixelFormat::kBgr24)->view().planes[0] == frame.view().planes[0]);
  CHECK(frame.converted(PixelFormat::kUnknown).error().code == Errc::kInvalidArgument);
  CHECK(Frame().converted(PixelFormat::kBgr24).error().code == Errc::kInvalidArgument);
}

TEST_CASE("frame: every format converts to every other, at odd sizes and strides too") {
  const Frame colours = picture(PixelFormat::kBgr24, 67, 35, 3, at_us(5));
  for (const PixelFormat from : kAllFormats)
    for (const PixelFormat to : kAllFormats) {
      CAPTURE(pixel_format_name(from));
      CAPTURE(pixel_format_name(to));
      const Frame source = colours.converted(from).value();
      const Frame bottom_up = restrided(source, 5, true);
      const Frame result = bottom_up.converted(to).value();
      CHECK(result.format() == to);
      CHECK(result.timestamp() == at_us(5));
      // Packed 4:2:2 holds pixels in pairs; what swscale makes of half a pair is not defined.
      const bool half_pair = (from == PixelFormat::kYuyv422) != (to == PixelFormat::kYuyv422);
      // Not bit by bit: swscale rounds otherwise where rows are not aligned.
      if (!half_pair) CHECK(psnr(result.view(), Frame(source).converted(to)->view()) > 45);
    }
}

TEST_CASE("frame: packed 4:2:2 is converted from any strides") {
  const Frame colours = picture(PixelFormat::kBgr24, 68, 35, 3, at_us(5));
  const Frame source = colours.converted(PixelFormat::kYuyv422).value();
  const Frame result = restrided(source, 5, true).converted(PixelFormat::kBgr24).value();
  CHECK(psnr(result.view(), source.converted(PixelFormat::kBgr24)->view()) > 45);
}

TEST_CASE("frame: full range is not washed out, limited range is stretched") {
  using enum ColorRange;
  const auto white = [](PixelFormat format, ColorRange range, int luma, PixelFormat to) {
    return sample(flat_picture(format, 64, 32, range, {luma, 128, 128, 0}).converted(to).value(), 0,
                  40);
  };
  CHECK(white(PixelFormat::kYuv420p, kFull, 255, PixelFormat::kBgr24) >= 254);
  CHECK(white(PixelFormat::kYuv420p, kFull, 16, PixelFormat::kBgr24) ==
        doctest::Approx(16).epsilon(0.1));
  CHECK(white(PixelFormat::kYuv420p, kLimited, 235, PixelFormat::kBgr24) >= 254);
  CHECK(white(PixelFormat::kYuv420p, kLimited, 16, PixelFormat::kBgr24) <= 1);
  CHECK(white(PixelFormat::kYuv420p, kUnspecified, 235, PixelFormat::kBgr24) >= 254);
  CHECK(white(PixelFormat::kNv12, kFull, 255, PixelFormat::kYuv420p) == 255);
  CHECK(white(PixelFormat::kYuv420p, kLimited, 235, PixelFormat::kGray8) >= 254);
  CHECK(white(PixelFormat::kYuv420p, kFull, 235, PixelFormat::kGray8) == 235);
  CHECK(white(PixelFormat::kGray8, kFull, 255, PixelFormat::kYuv420p) == 235);
  CHECK(white(PixelFormat::kGray8, kFull, 255, PixelFormat::kBgr24) >= 254);
}

TEST_CASE(
    "frame: colours survive the way through YUV, by BT.601 below 720 lines and BT.709 from there") {
  for (const int height : {480, 720})
    for (const PixelFormat through :
         {PixelFormat::kYuv444p, PixelFormat::kYuv420p, PixelFormat::kNv12, PixelFormat::kYuyv422,
          PixelFormat::kYuv420p10}) {
      CAPTURE(height);
      CAPTURE(pixel_format_name(through));
      const Frame red =
          flat_picture(PixelFormat::kBgr24, 64, height, ColorRange::kFull, {20, 30, 220, 0});
      const Frame yuv = red.converted(through).value();
      CHECK(yuv.view().range == ColorRange::kLimited);
      const Frame back = yuv.converted(PixelFormat::kBgr24).value();
      for (std::size_t c = 0; c < 3; ++c)
        CHECK(std::abs(sample(back, 0, 3 * 30 + c) - sample(red, 0, c)) <= 3);
    }
  // 0.2126 and 0.299 of red: the matrices really differ.
  const auto luma_of_red = [](int height) {
    return sample(flat_picture(PixelFormat::kBgr24, 64, height, ColorRange::kFull, {0, 0, 255, 0})
                      .converted(PixelFormat::kYuv444p)
                      .value(),
                  0, 30);
  };
  CHECK(std::abs(luma_of_red(480) - (16 + 65)) <= 1);
  CHECK(std::abs(luma_of_red(720) - (16 + 47)) <= 1);
}
