#include "support/pictures.hpp"

#include <clipbuf/codec/raw.hpp>

#include <doctest/doctest.h>

using namespace clipbuf;
using namespace clipbuf::test;

TEST_CASE("raw codec: every format comes back bit by bit, at odd sizes and any strides") {
  for (const PixelFormat format : kAllFormats)
    for (const auto& size : {std::pair{64, 48}, {37, 21}, {1, 1}}) {
      const int width = size.first;
      const int height = size.second;
      CAPTURE(pixel_format_name(format));
      CAPTURE(width);
      RawCodec codec;
      PacketList list;
      const Frame frame = picture(format, width, height, 1);
      for (int i = 0; i < 3; ++i) {
        Frame given = i == 0 ? frame : restrided(frame, 7, i == 1);
        given.set_timestamp(at_us(1000 + i));
        REQUIRE(codec.encode(given.view(), {}, list.sink()));
      }
      REQUIRE(codec.flush(list.sink()));
      REQUIRE(list.packets.size() == 3);
      CHECK(list.packets[0].data.size() == plane_layout(format, width, height).total_bytes());
      const auto pictures = decode_all(*codec.decoder(codec.track()).value(), list.packets);
      REQUIRE(pictures.size() == 3);
      for (std::size_t i = 0; i < 3; ++i) {
        CHECK(identical(pictures[i].frame.view(), frame.view()));
        CHECK(pictures[i].pts == 1000 + static_cast<std::int64_t>(i));
        CHECK(list.packets[i].key);
        CHECK(list.packets[i].dts == list.packets[i].pts);
      }
    }
}

TEST_CASE("raw codec: an unpadded picture is passed on without a copy") {
  RawCodec codec;
  const Frame frame = picture(PixelFormat::kYuv420p, 64, 48, 1);
  REQUIRE(codec.encode(frame.view(), {}, [&](const Packet& packet) -> Result<void> {
    CHECK(packet.data.data() == frame.view().planes[0]);
    return {};
  }));
}

TEST_CASE("raw codec: format, size and range may change from one frame to the next") {
  RawCodec codec;
  PacketList list;
  REQUIRE(codec.encode(picture(PixelFormat::kBgr24, 64, 48, 0, at_us(1)).view(), {}, list.sink()));
  CHECK(codec.track().pixel_format == "bgr24");
  const Frame full =
      flat_picture(PixelFormat::kYuv420p, 32, 16, ColorRange::kFull, {255, 128, 128, 0});
  REQUIRE(codec.encode(full.view(), {.key = true}, list.sink()));
  CHECK(codec.track().codec == "rawvideo");
  CHECK(codec.track().width == 32);
  const auto pictures =
      decode_all(*codec.decoder(codec.track()).value(), std::span(list.packets).subspan(1));
  REQUIRE(pictures.size() == 1);
  CHECK(pictures[0].frame.view().range == ColorRange::kFull);
}

TEST_CASE("raw codec: a timestamp that does not rise is refused, unless a run begins") {
  RawCodec codec;
  PacketList list;
  const auto encode = [&](std::int64_t us, bool key) {
    return codec.encode(picture(PixelFormat::kGray8, 8, 8, 0, at_us(us)).view(), {.key = key},
                        list.sink());
  };
  CHECK(encode(10, false));
  CHECK(encode(10, false).error().code == Errc::kInvalidArgument);
  CHECK(encode(9, false).error().message.find("9 us") != std::string::npos);
  CHECK(encode(9, true));
  CHECK(codec.flush(list.sink()));
  CHECK(encode(1, false));
  CHECK(list.packets.size() == 3);
}

TEST_CASE("raw codec: a short packet is an error and the decoder goes on") {
  RawCodec codec;
  PacketList list;
  REQUIRE(codec.encode(picture(PixelFormat::kBgr24, 64, 48, 0, at_us(1)).view(), {}, list.sink()));
  const auto decoder = codec.decoder(codec.track()).value();
  PictureList pictures;
  Packet cut = list.packets[0];
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, cut.data.size() / 2, cut.data.size() - 1}) {
    cut.data = list.packets[0].data.first(size);
    CHECK(decoder->decode(cut, pictures.sink()).error().code == Errc::kCorruptData);
  }
  CHECK(pictures.pictures.empty());
  CHECK(decoder->decode(list.packets[0], pictures.sink()));
  CHECK(pictures.pictures.size() == 1);
  CHECK(codec.encode(FrameView{}, {}, list.sink()).error().code == Errc::kInvalidArgument);
}
