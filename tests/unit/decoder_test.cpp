#include "support/pictures.hpp"

#include <clipbuf/codec/copy.hpp>
#include <clipbuf/codec/video.hpp>
#include <clipbuf/log.hpp>

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace clipbuf;
using namespace clipbuf::test;

namespace {

struct Stream {
  Track track;
  std::vector<Packet> packets;
};

Stream encoded(VideoCodec::Options options, PixelFormat format, int count) {
  VideoCodec codec(std::move(options));
  PacketList list;
  for (int i = 0; i < count; ++i)
    codec.encode(picture(format, 64, 48, i, at_us(1000 + 40'000 * i)).view(), {}, list.sink())
        .value();
  codec.flush(list.sink()).value();
  return {codec.track(), list.packets};
}

}  // namespace

TEST_CASE("decoder: a track that can't be decoded is refused with a reason") {
  const auto why = [](Track track) {
    const auto decoder = make_decoder(track);
    REQUIRE(!decoder);
    CHECK(!decoder.error().message.empty());
    return decoder.error().code;
  };
  Track track;
  track.codec = "no-such-codec";
  CHECK(why(track) == Errc::kUnsupported);
  track.codec = "";
  CHECK(why(track) == Errc::kUnsupported);
  track.codec = "h264";
  track.width = 100'000;
  track.height = 100'000;
  CHECK(why(track) == Errc::kUnsupported);
  track.width = -1;
  CHECK(why(track) == Errc::kUnsupported);
  track = Track{};
  track.kind = TrackKind::kAudio;
  track.codec = "aac";
  CHECK(why(track) == Errc::kUnsupported);
}

TEST_CASE("decoder: after a flush it starts again at a key, and gives the same pictures") {
  const Stream stream =
      encoded({.encoder = "libx264", .max_b_frames = 2}, PixelFormat::kYuv420p, 12);
  const auto decoder = make_decoder(stream.track).value();
  const auto first = decode_all(*decoder, stream.packets);
  const auto second = decode_all(*decoder, stream.packets);
  REQUIRE(first.size() == 12);
  REQUIRE(second.size() == 12);
  for (std::size_t i = 0; i < 12; ++i) {
    CHECK(first[i].pts == second[i].pts);
    CHECK(identical(first[i].frame.view(), second[i].frame.view()));
  }
  PictureList none;
  CHECK(decoder->flush(none.sink()));
  CHECK(none.pictures.empty());
}

TEST_CASE("decoder: garbage between good packets costs pictures, never the decoder") {
  std::mt19937 random(7);
  for (const char* encoder : {"libx264", "mpeg4", "mjpeg", "ffv1"}) {
    CAPTURE(encoder);
    const Stream stream = encoded({.encoder = encoder, .threads = 1}, PixelFormat::kYuv420p, 6);
    const auto decoder = make_decoder(stream.track).value();
    PictureList pictures;
    for (int round = 0; round < 30; ++round) {
      std::vector<std::byte> bytes(stream.packets[0].data.begin(), stream.packets[0].data.end());
      for (int i = 0; i < 20; ++i)
        bytes[random() % bytes.size()] = static_cast<std::byte>(random());
      bytes.resize(1 + random() % bytes.size());
      Packet bad = stream.packets[0];
      bad.data = bytes;
      const auto decoded = decoder->decode(bad, pictures.sink());
      if (!decoded) CHECK(decoded.error().code == Errc::kCorruptData);
    }
    Packet empty = stream.packets[0];
    empty.data = {};
    CHECK(decoder->decode(empty, pictures.sink()).error().code == Errc::kCorruptData);
    const auto flushed = decoder->flush(pictures.sink());
    if (!flushed) CHECK(flushed.error().code == Errc::kCorruptData);
    CHECK(decode_all(*decoder, stream.packets).size() == 6);
  }
}

TEST_CASE("decoder: pure noise is corrupt data for every codec") {
  const std::vector<std::byte> noise(300, std::byte{0x5A});
  for (const char* codec : {"h264", "hevc", "mjpeg", "vp9", "av1"}) {
    CAPTURE(codec);
    Track track;
    track.codec = codec;
    const auto decoder = make_decoder(track);
    if (!decoder) continue;
    PictureList pictures;
    Packet packet;
    packet.pts = 1;
    packet.key = true;
    packet.data = noise;
    const auto decoded = (*decoder)->decode(packet, pictures.sink());
    const auto flushed = (*decoder)->flush(pictures.sink());
    CHECK((!decoded || !flushed || pictures.pictures.empty()));
  }
}

TEST_CASE("decoder: a pixel format without an equal comes as the nearest") {
  const auto format_of = [](const char* name, PixelFormat from) {
    const Stream stream = encoded({.encoder = "ffv1", .threads = 1, .pixel_format = name}, from, 1);
    CHECK(stream.track.pixel_format == name);
    const auto pictures = decode_all(*make_decoder(stream.track).value(), stream.packets);
    const Frame& frame = pictures.at(0).frame;
    CHECK(psnr(frame.converted(PixelFormat::kGray8)->view(),
               picture(from, 64, 48, 0).converted(PixelFormat::kGray8)->view()) > 40);
    return frame.format();
  };
  CHECK(format_of("yuv410p", PixelFormat::kYuv420p) == PixelFormat::kYuv420p);
  CHECK(format_of("yuv440p", PixelFormat::kYuv444p) == PixelFormat::kYuv444p);
  CHECK(format_of("yuv444p16le", PixelFormat::kYuv444p) == PixelFormat::kYuv444p10);
  CHECK(format_of("bgr0", PixelFormat::kBgr24) == PixelFormat::kBgr24);
  CHECK(format_of("gbrp10le", PixelFormat::kBgr24) == PixelFormat::kYuv444p10);
}

TEST_CASE("decoder: an error of the sink comes through, and the rest can still be had") {
  const Stream stream =
      encoded({.encoder = "libx264", .max_b_frames = 2}, PixelFormat::kYuv420p, 8);
  const auto decoder = make_decoder(stream.track).value();
  const FrameSink refuse = [](const FrameView&, std::int64_t) -> Result<void> {
    return Error{Errc::kCancelled, "enough"};
  };
  int refused = 0;
  for (const Packet& packet : stream.packets)
    if (const auto decoded = decoder->decode(packet, refuse); !decoded) {
      CHECK(decoded.error().code == Errc::kCancelled);
      ++refused;
    }
  PictureList rest;
  CHECK(decoder->flush(rest.sink()));
  CHECK(refused > 0);
  CHECK(rest.pictures.size() + static_cast<std::size_t>(refused) == 8);
}

TEST_CASE("decoder: what its codec logs reaches only who asked for it") {
  std::vector<std::string> lines;
  Track track;
  track.codec = "mjpeg";
  const std::vector<std::byte> noise(100, std::byte{0x11});
  Packet packet;
  packet.data = noise;
  PictureList none;
  route_ffmpeg_logs([&](LogLevel level, std::string_view component, std::string_view line) {
    CHECK(level == LogLevel::kError);
    CHECK(component == "ffmpeg/mjpeg");
    lines.emplace_back(line);
  });
  CHECK(!make_decoder(track).value()->decode(packet, none.sink()));
  route_ffmpeg_logs({});
  const std::size_t heard = lines.size();
  CHECK(heard > 0);
  CHECK(!make_decoder(track).value()->decode(packet, none.sink()));
  CHECK(lines.size() == heard);
}

TEST_CASE("copy codec: it encodes nothing and decodes what FFmpeg knows") {
  CopyCodec codec;
  PacketList list;
  CHECK(codec.encode(picture(PixelFormat::kBgr24, 8, 8, 0).view(), {}, list.sink()).error().code ==
        Errc::kUnsupported);
  CHECK(codec.flush(list.sink()));
  CHECK(list.packets.empty());
  const Stream stream = encoded({.encoder = "mpeg4"}, PixelFormat::kYuv420p, 3);
  CHECK(decode_all(*codec.decoder(stream.track).value(), stream.packets).size() == 3);
}
