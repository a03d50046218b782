#include "support/pictures.hpp"

#include <clipbuf/codec/jpeg.hpp>

#include <doctest/doctest.h>

#include <algorithm>

using namespace clipbuf;
using namespace clipbuf::test;

namespace {

Picture there_and_back(JpegCodec& codec, const Frame& frame) {
  PacketList list;
  codec.encode(frame.view(), {.key = true}, list.sink()).value();
  codec.flush(list.sink()).value();
  return decode_all(*codec.decoder(codec.track()).value(), list.packets).at(0);
}

int luma(const Picture& picture) {
  return std::to_integer<int>(picture.frame.view().planes[0][40]);
}

}  // namespace

TEST_CASE("jpeg codec: every format comes back much as it was, at odd sizes and any strides") {
  // Colours that all formats can hold, so that one picture serves as the measure for all.
  for (const auto& size : {std::pair{64, 48}, {37, 21}, {1, 1}}) {
    const int width = size.first;
    const int height = size.second;
    const Frame colours =
        picture(PixelFormat::kGray8, width, height, 2).converted(PixelFormat::kBgr24).value();
    for (const PixelFormat format : kAllFormats) {
      CAPTURE(pixel_format_name(format));
      CAPTURE(width);
      JpegCodec codec({.quality = 95});
      const Frame frame = colours.converted(format).value();
      const Picture plain = there_and_back(codec, frame);
      CHECK(plain.frame.view().range == ColorRange::kFull);
      CHECK(psnr(plain.frame.converted(PixelFormat::kBgr24)->view(), colours.view()) > 34);
      const Picture bottom_up = there_and_back(codec, restrided(frame, 9, true));
      CHECK(psnr(bottom_up.frame.view(), plain.frame.view()) > 45);
      CHECK(codec.track().codec == "mjpeg");
      CHECK(codec.track().width == width);
    }
  }
}

TEST_CASE("jpeg codec: chroma is sampled as asked") {
  const Frame frame = picture(PixelFormat::kBgr24, 64, 48, 0);
  const auto format = [&](JpegSubsampling subsampling, const Frame& given) {
    JpegCodec codec({.subsampling = subsampling});
    const Picture picture = there_and_back(codec, given);
    CHECK(codec.track().pixel_format.find(pixel_format_name(picture.frame.format()).substr(3)) !=
          std::string::npos);
    return picture.frame.format();
  };
  for (const PixelFormat from : {PixelFormat::kBgr24, PixelFormat::kNv12, PixelFormat::kYuv444p}) {
    const Frame given = frame.converted(from).value();
    CHECK(format(JpegSubsampling::k420, given) == PixelFormat::kYuv420p);
    CHECK(format(JpegSubsampling::k422, given) == PixelFormat::kYuv422p);
    CHECK(format(JpegSubsampling::k444, given) == PixelFormat::kYuv444p);
  }
  JpegCodec codec;
  CHECK(there_and_back(codec, picture(PixelFormat::kGray8, 64, 48, 0)).frame.format() ==
        PixelFormat::kGray8);
  CHECK(codec.track().pixel_format == "gray");
}

TEST_CASE("jpeg codec: limited range is stretched to full, full stays") {
  JpegCodec codec;
  using enum ColorRange;
  const auto encoded = [&](PixelFormat format, ColorRange range, int value) {
    return luma(there_and_back(codec, flat_picture(format, 64, 48, range, {value, 128, 128, 0})));
  };
  for (const PixelFormat format :
       {PixelFormat::kYuv420p, PixelFormat::kYuv444p, PixelFormat::kGray8}) {
    CHECK(encoded(format, kLimited, 235) >= 254);
    CHECK(encoded(format, kLimited, 16) <= 1);
    CHECK(std::abs(encoded(format, kFull, 235) - 235) <= 1);
    CHECK(std::abs(encoded(format, kFull, 16) - 16) <= 1);
  }
  CHECK(encoded(PixelFormat::kNv12, kUnspecified, 235) >= 254);
}

TEST_CASE("jpeg codec: a tall limited picture is BT.709, a JPEG never is") {
  JpegCodec codec({.quality = 100, .subsampling = JpegSubsampling::k444});
  const Frame red = flat_picture(PixelFormat::kBgr24, 64, 720, ColorRange::kFull, {20, 30, 220, 0});
  for (const PixelFormat through : {PixelFormat::kBgr24, PixelFormat::kYuv444p}) {
    CAPTURE(pixel_format_name(through));
    const Picture picture = there_and_back(codec, red.converted(through).value());
    const Frame back = picture.frame.converted(PixelFormat::kBgr24).value();
    for (std::size_t c = 0; c < 3; ++c)
      CHECK(std::abs(std::to_integer<int>(back.view().planes[0][30 + c]) -
                     std::to_integer<int>(red.view().planes[0][c])) <= 3);
  }
}

TEST_CASE("jpeg codec: better quality is larger and nearer; the buffer is used again") {
  const Frame frame = picture(PixelFormat::kBgr24, 128, 96, 0);
  std::size_t last_size = 0;
  for (const int quality : {1, 50, 85, 100}) {
    JpegCodec codec({.quality = quality});
    PacketList list;
    const std::byte* data = nullptr;
    for (int i = 0; i < 3; ++i)
      REQUIRE(codec.encode(picture(PixelFormat::kBgr24, 128, 96, i, at_us(i)).view(), {},
                           [&](const Packet& packet) -> Result<void> {
                             CHECK((data == nullptr || data == packet.data.data()));
                             data = packet.data.data();
                             list.packets.push_back(owned(packet));
                             return {};
                           }));
    CHECK(list.packets[0].data.size() > last_size);
    last_size = list.packets[0].data.size();
  }
}

TEST_CASE("jpeg codec: what can't be is refused and harms nothing") {
  PacketList list;
  const Frame frame = picture(PixelFormat::kBgr24, 64, 48, 0, at_us(5));
  for (const int quality : {-1, 0, 101}) {
    JpegCodec codec({.quality = quality});
    CHECK(codec.encode(frame.view(), {}, list.sink()).error().code == Errc::kInvalidArgument);
  }
  JpegCodec codec;
  CHECK(codec.encode(FrameView{}, {}, list.sink()).error().code == Errc::kInvalidArgument);
  const Frame wide = picture(PixelFormat::kGray8, 65'535, 1, 0, at_us(6));  // JPEG ends at 65500
  CHECK(codec.encode(wide.view(), {}, list.sink()).error().code == Errc::kCodecFailed);
  CHECK(list.packets.empty());
  CHECK(codec.encode(frame.view(), {}, list.sink()));
  CHECK(codec.encode(frame.view(), {}, list.sink()).error().code == Errc::kInvalidArgument);
  CHECK(list.packets.size() == 1);
}

TEST_CASE("jpeg codec: garbage is an error or a picture, and the decoder goes on") {
  JpegCodec codec;
  PacketList list;
  REQUIRE(codec.encode(picture(PixelFormat::kBgr24, 64, 48, 0, at_us(5)).view(), {}, list.sink()));
  const Packet good = list.packets[0];
  const auto decoder = codec.decoder(codec.track()).value();
  PictureList pictures;
  const std::vector<std::byte> noise(500, std::byte{0xA5});
  Packet bad = good;
  bad.data = noise;
  CHECK(decoder->decode(bad, pictures.sink()).error().code == Errc::kCorruptData);
  for (std::size_t size = 1; size < good.data.size(); size += 7) {
    bad.data = good.data.first(size);
    const auto decoded = decoder->decode(bad, pictures.sink());
    if (!decoded) CHECK(decoded.error().code == Errc::kCorruptData);
  }
  pictures.pictures.clear();
  REQUIRE(decoder->decode(good, pictures.sink()));
  REQUIRE(decoder->flush(pictures.sink()));
  CHECK(pictures.pictures.size() == 1);
}

TEST_CASE("jpeg codec: a webcam's JPEG without Huffman tables decodes to the same picture") {
  JpegCodec codec;
  PacketList list;
  REQUIRE(codec.encode(picture(PixelFormat::kBgr24, 64, 48, 7, at_us(5)).view(), {}, list.sink()));
  const auto whole = list.packets[0].data;
  std::vector<std::byte> bare;
  std::size_t at = 2;
  bare.assign(whole.begin(), whole.begin() + 2);
  int removed = 0;
  while (std::to_integer<int>(whole[at + 1]) != 0xDA) {
    const std::size_t length = 2 + 256 * std::to_integer<std::size_t>(whole[at + 2]) +
                               std::to_integer<std::size_t>(whole[at + 3]);
    if (std::to_integer<int>(whole[at + 1]) == 0xC4)
      ++removed;
    else
      bare.insert(bare.end(), whole.begin() + static_cast<std::ptrdiff_t>(at),
                  whole.begin() + static_cast<std::ptrdiff_t>(at + length));
    at += length;
  }
  bare.insert(bare.end(), whole.begin() + static_cast<std::ptrdiff_t>(at), whole.end());
  REQUIRE(removed > 0);
  Packet without = list.packets[0];
  without.data = bare;
  const auto with_tables = decode_all(*make_decoder(codec.track()).value(), list.packets);
  const auto without_tables = decode_all(*make_decoder(codec.track()).value(), {&without, 1});
  REQUIRE(without_tables.size() == 1);
  CHECK(identical(with_tables.at(0).frame.view(), without_tables[0].frame.view()));
}
