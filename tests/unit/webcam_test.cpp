#include "source/jpeg_tables.hpp"
#include "source/webcam_format.hpp"
#include "support/pictures.hpp"

#include <clipbuf/codec/jpeg.hpp>
#include <clipbuf/source.hpp>

#include <doctest/doctest.h>

#include <cerrno>

namespace clipbuf::test {
namespace {

using detail::choose_mode;
using detail::WebcamMode;
using detail::WebcamWish;

/// What a usual USB camera offers: raw pictures are slow where they are large.
std::vector<WebcamMode> usual() {
  return {{"yuyv422", 640, 480, 30},  {"yuyv422", 640, 480, 15}, {"yuyv422", 1280, 720, 10},
          {"yuyv422", 1920, 1080, 5}, {"mjpeg", 640, 480, 30},   {"mjpeg", 1280, 720, 30},
          {"mjpeg", 1280, 720, 60},   {"mjpeg", 1920, 1080, 30}, {"h264", 1920, 1080, 30}};
}

WebcamMode chosen(const WebcamWish& wish, const std::vector<WebcamMode>& modes = usual()) {
  const auto mode = choose_mode(modes, wish);
  REQUIRE_MESSAGE(mode.has_value(), (mode ? "" : mode.error().message));
  return *mode;
}

WebcamWish wish_for(int width, int height, double fps, const std::string& format = "") {
  WebcamWish wish;
  wish.width = width;
  wish.height = height;
  wish.fps = fps;
  wish.format = format;
  return wish;
}

std::vector<std::byte> jpeg_of(int width, int height) {
  JpegCodec codec;
  std::vector<std::byte> out;
  const Frame frame = picture(PixelFormat::kYuv420p, width, height, 1, at_us(0));
  const auto encoded = codec.encode(frame.view(), {}, [&](const Packet& packet) -> Result<void> {
    out.assign(packet.data.begin(), packet.data.end());
    return {};
  });
  REQUIRE(encoded);
  return out;
}

/// Without its DHT segments, as many webcams send it.
std::vector<std::byte> stripped(const std::vector<std::byte>& jpeg) {
  std::vector<std::byte> out(jpeg.begin(), jpeg.begin() + 2);
  std::size_t i = 2;
  while (jpeg.at(i + 1) != std::byte{0xda}) {
    const std::size_t length = 2 + (std::to_integer<std::size_t>(jpeg.at(i + 2)) << 8 |
                                    std::to_integer<std::size_t>(jpeg.at(i + 3)));
    const auto begin = jpeg.begin() + static_cast<std::ptrdiff_t>(i);
    if (jpeg.at(i + 1) != std::byte{0xc4})
      out.insert(out.end(), begin, begin + static_cast<std::ptrdiff_t>(length));
    i += length;
  }
  out.insert(out.end(), jpeg.begin() + static_cast<std::ptrdiff_t>(i), jpeg.end());
  return out;
}

}  // namespace

TEST_CASE("webcam: raw pictures where they come fast enough, else MJPEG") {
  CHECK(chosen({}) == WebcamMode{"yuyv422", 640, 480, 30});
  CHECK(chosen(wish_for(1280, 720, 0)) == WebcamMode{"mjpeg", 1280, 720, 30});
  CHECK(chosen(wish_for(1280, 720, 10)) == WebcamMode{"yuyv422", 1280, 720, 10});
  CHECK(chosen(wish_for(1280, 720, 60)) == WebcamMode{"mjpeg", 1280, 720, 60});
  CHECK(chosen(wish_for(640, 480, 15)) == WebcamMode{"yuyv422", 640, 480, 15});
}

TEST_CASE("webcam: the nearest size there is") {
  CHECK(chosen(wish_for(1300, 700, 30)).width == 1280);
  CHECK(chosen(wish_for(10, 10, 30)).width == 640);
  CHECK(chosen(wish_for(9999, 9999, 30)).width == 1920);
}

TEST_CASE("webcam: a format that was asked for, and the codec's wishes") {
  CHECK(chosen(wish_for(1920, 1080, 0, "h264")).format == "h264");
  CHECK(chosen(wish_for(640, 480, 0, "h264")) == WebcamMode{"h264", 1920, 1080, 30});
  CHECK(chosen(wish_for(1920, 1080, 30, "yuyv422")) == WebcamMode{"yuyv422", 1920, 1080, 5});
  WebcamWish wish = wish_for(640, 480, 30);
  wish.prefer_jpeg = true;
  CHECK(chosen(wish).format == "mjpeg");
  wish = wish_for(640, 480, 30);
  wish.packets_only = true;
  CHECK(chosen(wish).format == "mjpeg");
}

TEST_CASE("webcam: drivers that name no rate, and rates a little off") {
  const std::vector<WebcamMode> silent{{"yuyv422", 640, 480, 0}, {"mjpeg", 640, 480, 0}};
  CHECK(chosen({}, silent).format == "yuyv422");
  const std::vector<WebcamMode> film{{"yuyv422", 640, 480, 27.5}, {"mjpeg", 640, 480, 30}};
  CHECK(chosen({}, film).format == "yuyv422");
}

TEST_CASE("webcam: what can't be had names what there is") {
  const auto none = choose_mode(usual(), wish_for(640, 480, 30, "nv12"));
  REQUIRE_FALSE(none);
  CHECK(none.error().code == Errc::kUnsupported);
  CHECK(none.error().message.find("nv12") != std::string::npos);
  CHECK(none.error().message.find("mjpeg 1280x720 60 fps") != std::string::npos);
  CHECK_FALSE(choose_mode({}, {}));
  WebcamWish packets;
  packets.packets_only = true;
  CHECK_FALSE(choose_mode(std::vector<WebcamMode>{{"yuyv422", 640, 480, 30}}, packets));
}

TEST_CASE("webcam: options are read, and nonsense refused") {
  Config config;
  config.size = "1280x720";
  config.fps = 25;
  config.pixel_format = "YUYV";
  auto wish = detail::webcam_wish(config);
  REQUIRE(wish);
  CHECK(wish->width == 1280);
  CHECK(wish->format == "yuyv422");
  config.pixel_format = "mjpg";
  CHECK(detail::webcam_wish(config)->format == "mjpeg");
  config.codec = "copy";
  CHECK(detail::webcam_wish(config)->packets_only);
  config.pixel_format = "purple";
  CHECK(detail::webcam_wish(config).error().code == Errc::kInvalidArgument);
  config.pixel_format.clear();
  for (const char* size :
       {"640", "x480", "640x", "0x480", "-1x5", "640x480x2", "99999999999x1", "640 x480"}) {
    config.size = size;
    CHECK_MESSAGE(detail::webcam_wish(config).error().code == Errc::kInvalidArgument, size);
  }
}

TEST_CASE("webcam: errors say what to do") {
  const std::vector<std::string> others{"/dev/video0 (Desk)", "/dev/video2 (Door)"};
  const auto text = [&](int number) {
    return detail::webcam_error(number, "/dev/video7", others).message;
  };
  CHECK(text(EBUSY).find("used by another program") != std::string::npos);
  CHECK(text(EACCES).find("group video") != std::string::npos);
  for (const int number : {ENOENT, ENODEV, ENXIO}) {
    CHECK(text(number).find("no such camera") != std::string::npos);
    CHECK(text(number).find("/dev/video2 (Door)") != std::string::npos);
  }
  CHECK(detail::webcam_error(ENOENT, "/dev/video7", {}).message.find("there is none") !=
        std::string::npos);
  CHECK(text(ENOTTY).find("no camera") != std::string::npos);
  CHECK(detail::webcam_error(ENOMEM, "x", {}).code == Errc::kOutOfMemory);
  CHECK(detail::webcam_error(EIO, "x", {}).code == Errc::kSourceUnavailable);
}

TEST_CASE("webcam: a device that isn't there is one clear line") {
  Config config;
  config.source = "/dev/video9999";
  auto source = make_source(config);
  REQUIRE(source);
  const auto info = (*source)->open();
  REQUIRE_FALSE(info);
  CHECK(info.error().code == Errc::kSourceUnavailable);
  CHECK(info.error().message.find("no such camera: /dev/video9999") == 0);
}

TEST_CASE("webcam: raw pictures are looked at where the driver put the rows") {
  std::vector<std::byte> data(std::size_t{100} * 48 * 2);
  auto view = detail::view_of_raw({"yuyv422", 40, 48, 30}, 100, data);
  REQUIRE(view);
  CHECK(view->strides[0] == 100);
  CHECK(view->validate());
  view = detail::view_of_raw({"nv12", 64, 48, 30}, 80, data);
  REQUIRE(view);
  CHECK(view->planes[1] == data.data() + 80 * 48);
  CHECK(view->strides[1] == 80);
  view = detail::view_of_raw({"yuv420p", 64, 48, 30}, 80, data);
  REQUIRE(view);
  CHECK(view->strides[1] == 40);
  CHECK(view->planes[2] == data.data() + 80 * 48 + 40 * 24);
  data.resize(std::size_t{40} * 2 * 48 - 1);
  CHECK(detail::view_of_raw({"yuyv422", 40, 48, 30}, 0, data).error().code == Errc::kCorruptData);
}

TEST_CASE("webcam: a JPEG without Huffman tables gets them and shows the same picture") {
  const std::vector<std::byte> whole = jpeg_of(64, 48);
  const std::vector<std::byte> bare = stripped(whole);
  REQUIRE(bare.size() < whole.size());
  CHECK_FALSE(detail::with_huffman_tables(whole));
  const auto mended = detail::with_huffman_tables(bare);
  REQUIRE(mended);
  const auto header = detail::read_jpeg_header(*mended);
  REQUIRE(header);
  CHECK(header->width == 64);
  CHECK(header->height == 48);
  CHECK(header->huffman_tables);
  CHECK(header->pixel_format == "yuvj420p");
  CHECK(mended->size() == whole.size() - 4 * 3);  // TurboJPEG writes four segments, we one
  const auto decoded = [](const std::vector<std::byte>& jpeg) {
    Track track;
    track.codec = "mjpeg";
    auto decoder = make_decoder(track);
    REQUIRE(decoder);
    Packet packet;
    packet.key = true;
    packet.pts = packet.dts = 0;
    packet.data = jpeg;
    std::vector<std::byte> luma;
    const FrameSink keep = [&](const FrameView& view, std::int64_t) -> Result<void> {
      luma.assign(view.planes[0], view.planes[0] + view.strides[0] * view.height);
      return {};
    };
    REQUIRE((*decoder)->decode(packet, keep));
    REQUIRE((*decoder)->flush(keep));
    return luma;
  };
  const auto expected = decoded(whole);
  REQUIRE_FALSE(expected.empty());
  CHECK(decoded(*mended) == expected);
}

TEST_CASE("webcam: what is no JPEG, or cut off, is left alone") {
  std::vector<std::byte> jpeg = stripped(jpeg_of(64, 48));
  for (std::size_t size = 0; size < 200 && size < jpeg.size(); ++size) {
    const std::vector<std::byte> part(jpeg.begin(),
                                      jpeg.begin() + static_cast<std::ptrdiff_t>(size));
    const auto mended = detail::with_huffman_tables(part);
    if (mended) CHECK(mended->size() == size + 420);
  }
  jpeg[0] = std::byte{0};
  CHECK_FALSE(detail::with_huffman_tables(jpeg));
}

}  // namespace clipbuf::test
