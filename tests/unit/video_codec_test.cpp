#include "codec/encoder_setup.hpp"
#include "support/pictures.hpp"

#include <clipbuf/codec/video.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace clipbuf;
using namespace clipbuf::test;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kStart = 1'700'000'000'000'000;  // now-ish: big numbers must come through

struct Coded {
  Track track;
  std::vector<Packet> packets;
};

/// The pictures 0, 1, 2, ... at these times, in order.
Coded encode(VideoCodec& codec, PixelFormat format, std::pair<int, int> size,
             const std::vector<std::int64_t>& times) {
  PacketList list;
  for (std::size_t i = 0; i < times.size(); ++i)
    codec
        .encode(
            picture(format, size.first, size.second, static_cast<int>(i), at_us(times[i])).view(),
            {.key = i == 0}, list.sink())
        .value();
  codec.flush(list.sink()).value();
  return {codec.track(), list.packets};
}

std::vector<std::int64_t> even_times(int count, std::int64_t step = 40'000) {
  std::vector<std::int64_t> times;
  for (int i = 0; i < count; ++i)
    times.push_back(kStart + i * step);
  return times;
}

void check_order(const std::vector<Packet>& packets) {
  REQUIRE(!packets.empty());
  CHECK(packets[0].key);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    CHECK(packets[i].dts <= packets[i].pts);
    if (i > 0) CHECK(packets[i].dts > packets[i - 1].dts);
  }
}

std::vector<std::int64_t> key_times(const Coded& coded) {
  std::vector<std::int64_t> keys;
  for (const Packet& packet : coded.packets)
    if (packet.key) keys.push_back(packet.pts - kStart);
  return keys;
}

}  // namespace

TEST_CASE(
    "video codec: auto gives h264, or mpeg4 where there is none, with timestamps as they were") {
  VideoCodec codec;
  // Uneven on purpose, down to the microsecond.
  std::vector<std::int64_t> times;
  for (int i = 0; i < 40; ++i)
    times.push_back(kStart + i * 33'333 + (i * i * 977) % 20'011);
  const Coded coded = encode(codec, PixelFormat::kBgr24, {160, 120}, times);
  CHECK((coded.track.codec == "h264" || coded.track.codec == "mpeg4"));
  CHECK(coded.track.time_base == Rational{1, 1'000'000});
  CHECK(!coded.track.extradata.empty());
  CHECK(coded.track.pixel_format == "yuv420p");
  check_order(coded.packets);
  const auto pictures = decode_all(*codec.decoder(coded.track).value(), coded.packets);
  REQUIRE(pictures.size() == times.size());
  for (std::size_t i = 0; i < times.size(); ++i) {
    CHECK(pictures[i].pts == times[i]);
    const Frame wanted = picture(PixelFormat::kBgr24, 160, 120, static_cast<int>(i));
    // The pattern's colours change with every pixel; half of the chroma samples are gone.
    CHECK(psnr(pictures[i].frame.converted(PixelFormat::kGray8)->view(),
               wanted.converted(PixelFormat::kGray8)->view()) > 30);
  }
}

TEST_CASE("video codec: ffv1 keeps every format bit by bit") {
  for (const PixelFormat format : kAllFormats)
    for (const auto& size : {std::pair{64, 48}, {37, 21}}) {
      CAPTURE(pixel_format_name(format));
      CAPTURE(size.first);
      VideoCodec codec({.encoder = "ffv1", .threads = 1});
      const Coded coded = encode(codec, format, size, even_times(3));
      const auto pictures = decode_all(*make_decoder(coded.track).value(), coded.packets);
      REQUIRE(pictures.size() == 3);
      for (std::size_t i = 0; i < 3; ++i) {
        // In a format that holds no more than both: the row of a packed one may end in padding.
        const PixelFormat common = format == PixelFormat::kYuyv422 ? PixelFormat::kYuv422p : format;
        const Frame wanted = picture(format, size.first, size.second, static_cast<int>(i));
        const Frame back = pictures[i].frame.converted(common).value();
        CHECK(identical(back.view(), wanted.converted(common)->view()));
      }
    }
}

TEST_CASE("video codec: h264 at quality 0 is lossless, 8 and 10 bit, at odd sizes in 4:4:4") {
  for (const PixelFormat format :
       {PixelFormat::kYuv420p, PixelFormat::kYuv422p, PixelFormat::kYuv444p, PixelFormat::kNv12}) {
    CAPTURE(pixel_format_name(format));
    VideoCodec codec({.encoder = "libx264", .quality = 0});
    const Coded coded = encode(codec, format, {64, 48}, even_times(5));
    const auto pictures = decode_all(*make_decoder(coded.track).value(), coded.packets);
    REQUIRE(pictures.size() == 5);
    for (std::size_t i = 0; i < 5; ++i)
      CHECK(identical(pictures[i].frame.converted(format)->view(),
                      picture(format, 64, 48, static_cast<int>(i)).view()));
  }
  VideoCodec ten({.encoder = "libx264", .quality = 0, .extra = "qp=0"});
  const Coded coded = encode(ten, PixelFormat::kYuv420p10, {64, 48}, even_times(2));
  CHECK(coded.track.pixel_format == "yuv420p10le");
  const auto pictures = decode_all(*make_decoder(coded.track).value(), coded.packets);
  CHECK(psnr(pictures.at(1).frame.view(), picture(PixelFormat::kYuv420p10, 64, 48, 1).view()) > 50);
}

TEST_CASE("video codec: an odd size becomes 4:4:4, or loses a column where it must stay 4:2:0") {
  VideoCodec codec({.encoder = "libx264", .quality = 0});
  const Coded coded = encode(codec, PixelFormat::kYuv420p, {37, 21}, even_times(2));
  CHECK(coded.track.pixel_format == "yuv444p");
  CHECK(coded.track.width == 37);
  CHECK(coded.track.height == 21);
  const auto pictures = decode_all(*make_decoder(coded.track).value(), coded.packets);
  REQUIRE(pictures.size() == 2);
  CHECK(
      identical(pictures[1].frame.converted(PixelFormat::kGray8)->view(),
                picture(PixelFormat::kYuv420p, 37, 21, 1).converted(PixelFormat::kGray8)->view()));

  VideoCodec narrow({.encoder = "libx264", .pixel_format = "yuv420p"});
  const Coded cropped = encode(narrow, PixelFormat::kBgr24, {37, 21}, even_times(2));
  CHECK(cropped.track.width == 36);
  CHECK(cropped.track.height == 20);
  CHECK(decode_all(*make_decoder(cropped.track).value(), cropped.packets).size() == 2);
}

TEST_CASE("video codec: other encoders keep odd sizes, order and timestamps") {
  for (const char* name : {"mpeg4", "mjpeg", "ffv1", "libx265", "libvpx-vp9", "vp8", "av1"}) {
    CAPTURE(name);
    VideoCodec codec({.encoder = name, .threads = 1});
    PacketList list;
    const auto times = even_times(6, 33'367);
    const auto first = codec.encode(picture(PixelFormat::kBgr24, 98, 66, 0, at_us(times[0])).view(),
                                    {}, list.sink());
    if (!first && first.error().code == Errc::kUnsupported) {
      MESSAGE("not in this FFmpeg: ", name);
      continue;
    }
    REQUIRE(first);
    for (std::size_t i = 1; i < times.size(); ++i)
      REQUIRE(codec.encode(
          picture(PixelFormat::kBgr24, 98, 66, static_cast<int>(i), at_us(times[i])).view(), {},
          list.sink()));
    REQUIRE(codec.flush(list.sink()));
    check_order(list.packets);
    const auto pictures = decode_all(*make_decoder(codec.track()).value(), list.packets);
    REQUIRE(pictures.size() == times.size());
    for (std::size_t i = 0; i < times.size(); ++i) {
      CHECK(pictures[i].pts == times[i]);
      CHECK(psnr(pictures[i].frame.converted(PixelFormat::kGray8)->view(),
                 picture(PixelFormat::kBgr24, 98, 66, static_cast<int>(i))
                     .converted(PixelFormat::kGray8)
                     ->view()) > 25);
    }
  }
}

TEST_CASE("video codec: B-frames leave in decoding order and come back in theirs") {
  VideoCodec codec(
      {.encoder = "libx264", .max_b_frames = 3, .extra = "b-pyramid=normal:b_strategy=0"});
  const auto times = even_times(60);
  Coded coded = encode(codec, PixelFormat::kYuv420p, {64, 48}, times);
  check_order(coded.packets);
  CHECK(std::any_of(coded.packets.begin(), coded.packets.end(),
                    [](const Packet& p) { return p.dts < p.pts; }));
  // Not told how far pictures are out of order, the decoder must still lose none.
  for (const int depth : {coded.track.reorder_depth, 0}) {
    coded.track.reorder_depth = depth;
    const auto pictures = decode_all(*make_decoder(coded.track).value(), coded.packets);
    REQUIRE(pictures.size() == times.size());
    for (std::size_t i = 0; i < times.size(); ++i)
      CHECK(pictures[i].pts == times[i]);
  }
}

TEST_CASE("video codec: key frames come by the clock, whatever the frame rate hint says") {
  for (const std::int64_t step : {10'000, 40'000, 250'000, 3'000'000}) {
    CAPTURE(step);
    VideoCodec codec({.encoder = "libx264", .key_interval = 1s, .extra = "sc_threshold=0"});
    const Coded coded =
        encode(codec, PixelFormat::kYuv420p, {64, 48}, even_times(step < 50'000 ? 260 : 12, step));
    const auto keys = key_times(coded);
    for (std::size_t i = 1; i < keys.size(); ++i)
      CHECK(keys[i] - keys[i - 1] == std::max<std::int64_t>(1'000'000, step));
    CHECK(keys.size() >= (step < 50'000 ? 2 : 3));
  }
}

TEST_CASE("video codec: a key is made where one is asked for, and decoding can start there") {
  VideoCodec codec({.encoder = "libx264", .key_interval = 10s, .extra = "sc_threshold=0"});
  PacketList list;
  for (int i = 0; i < 10; ++i)
    REQUIRE(
        codec.encode(picture(PixelFormat::kYuv420p, 64, 48, i, at_us(kStart + i * 40'000)).view(),
                     {.key = i == 6}, list.sink()));
  REQUIRE(codec.flush(list.sink()));
  REQUIRE(list.packets.size() == 10);
  for (std::size_t i = 0; i < 10; ++i)
    CHECK(list.packets[i].key == (i == 0 || i == 6));
  const auto all = decode_all(*make_decoder(codec.track()).value(), list.packets);
  const auto tail =
      decode_all(*make_decoder(codec.track()).value(), std::span(list.packets).subspan(6));
  REQUIRE(tail.size() == 4);
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(identical(tail[i].frame.view(), all[6 + i].frame.view()));
}

TEST_CASE("video codec: after a flush it begins anew, at any time, with a key") {
  for (const int b_frames : {0, 2}) {
    VideoCodec codec({.encoder = "libx264", .max_b_frames = b_frames});
    PacketList list;
    const auto push = [&](std::int64_t us, bool key = false) {
      return codec.encode(picture(PixelFormat::kYuv420p, 64, 48, 0, at_us(us)).view(), {.key = key},
                          list.sink());
    };
    REQUIRE(push(1000));
    REQUIRE(push(41'000));
    CHECK(push(41'000).error().code == Errc::kInvalidArgument);
    REQUIRE(codec.flush(list.sink()));
    CHECK(list.packets.size() == 2);
    REQUIRE(codec.flush(list.sink()));
    REQUIRE(push(500));  // earlier
    REQUIRE(codec.flush(list.sink()));
    REQUIRE(push(80'000));        // later
    REQUIRE(push(70'000, true));  // earlier without a flush: a new run
    REQUIRE(codec.flush(list.sink()));
    REQUIRE(list.packets.size() == 5);
    for (const std::size_t i : {0u, 2u, 3u, 4u})
      CHECK(list.packets[i].key);
    CHECK(list.packets[4].pts == 70'000);
  }
}

TEST_CASE("video codec: when the picture changes, the old ones come out and a new track begins") {
  VideoCodec codec({.encoder = "libx264", .max_b_frames = 2});
  std::vector<std::pair<Packet, Track>> seen;
  const PacketSink sink = [&](const Packet& packet) -> Result<void> {
    seen.emplace_back(owned(packet), codec.track());
    return {};
  };
  for (int i = 0; i < 5; ++i)
    REQUIRE(codec.encode(
        picture(PixelFormat::kYuv420p, 64, 48, i, at_us(kStart + i * 40'000)).view(), {}, sink));
  for (int i = 5; i < 8; ++i)
    REQUIRE(codec.encode(
        picture(PixelFormat::kBgr24, 128, 96, i, at_us(kStart + i * 40'000)).view(), {}, sink));
  REQUIRE(codec.flush(sink));
  REQUIRE(seen.size() == 8);
  for (std::size_t i = 0; i < 8; ++i)
    CHECK(seen[i].second.width == (i < 5 ? 64 : 128));
  CHECK(seen[5].first.key);
  CHECK(seen[0].second.extradata != seen[5].second.extradata);
}

TEST_CASE("video codec: a frame that can't be encoded emits nothing and harms no other") {
  VideoCodec codec({.encoder = "libx264"});
  PacketList list;
  CHECK(codec.encode(FrameView{}, {}, list.sink()).error().code == Errc::kInvalidArgument);
  REQUIRE(
      codec.encode(picture(PixelFormat::kYuv420p, 64, 48, 0, at_us(1000)).view(), {}, list.sink()));
  CHECK(codec.encode(FrameView{}, {}, list.sink()).error().code == Errc::kInvalidArgument);
  REQUIRE(codec.encode(picture(PixelFormat::kYuv420p, 64, 48, 1, at_us(41'000)).view(), {},
                       list.sink()));
  REQUIRE(codec.flush(list.sink()));
  CHECK(decode_all(*make_decoder(codec.track()).value(), list.packets).size() == 2);
}

TEST_CASE("video codec: options that make no sense are named") {
  const auto why = [](VideoCodec::Options options) {
    VideoCodec codec(std::move(options));
    PacketList list;
    const auto result =
        codec.encode(picture(PixelFormat::kBgr24, 64, 48, 0).view(), {}, list.sink());
    CHECK(list.packets.empty());
    return result ? Error{Errc::kInternal, "no error"} : result.error();
  };
  CHECK(why({.encoder = "no-such"}).code == Errc::kUnsupported);
  CHECK(why({.encoder = "no-such"}).message.find("no-such") != std::string::npos);
  CHECK(why({.encoder = "aac"}).code == Errc::kUnsupported);
  CHECK(why({.quality = 52}).message.find("52") != std::string::npos);
  CHECK(why({.key_interval = -1s}).code == Errc::kInvalidArgument);
  CHECK(why({.extra = "nosuchoption=1"}).message.find("nosuchoption") != std::string::npos);
  CHECK(why({.extra = "="}).code == Errc::kInvalidArgument);
  CHECK(why({.encoder = "libx264", .preset = "nosuchpreset"}).code == Errc::kInvalidArgument);
  CHECK(why({.pixel_format = "nosuchformat"}).code == Errc::kInvalidArgument);
  CHECK(why({.encoder = "mpeg4", .pixel_format = "yuv444p"}).code == Errc::kUnsupported);
}

TEST_CASE("video codec: range and matrix are tagged as the pixels are") {
  const auto track_of = [](const Frame& frame, const char* encoder, const char* extra = "") {
    VideoCodec codec({.encoder = encoder, .extra = extra});
    PacketList list;
    codec.encode(frame.view(), {}, list.sink()).value();
    return codec.track();
  };
  const Track sd = track_of(picture(PixelFormat::kBgr24, 64, 48, 0), "libx264");
  CHECK(sd.color_range == ColorRange::kLimited);
  CHECK(sd.color_matrix == 6);
  const Track hd = track_of(picture(PixelFormat::kBgr24, 64, 720, 0), "libx264");
  CHECK(hd.color_matrix == 1);
  const Frame full =
      flat_picture(PixelFormat::kYuv420p, 64, 48, ColorRange::kFull, {255, 128, 128, 0});
  const Track yuv = track_of(full, "libx264");
  CHECK(yuv.color_range == ColorRange::kFull);
  CHECK(yuv.color_matrix == 2);
  CHECK(track_of(full, "mjpeg").color_range == ColorRange::kFull);
  CHECK(track_of(full, "libx264", "colorspace=bt709:color_trc=bt709").color_matrix == 1);
}

TEST_CASE("video codec: a track's colour tags survive encoding its pictures again") {
  Track track;
  CHECK(detail::color_options(track).empty());
  track.color_matrix = 1;
  track.color_primaries = 9;
  track.color_transfer = 14;
  track.chroma_location = 3;
  for (const char* encoder : {"libx264", "mpeg4", "ffv1"}) {
    CAPTURE(encoder);
    VideoCodec codec({.encoder = encoder, .threads = 1, .extra = detail::color_options(track)});
    PacketList list;
    REQUIRE(codec.encode(picture(PixelFormat::kYuv420p, 64, 48, 0).view(), {}, list.sink()));
    CHECK(codec.track().color_matrix == 1);
    CHECK(codec.track().color_primaries == 9);
    CHECK(codec.track().color_transfer == 14);
    CHECK(codec.track().chroma_location == 3);
  }
}

TEST_CASE("video codec: white is white after h264 and mjpeg, from every range") {
  using enum ColorRange;
  const auto white = [](const Frame& frame, const char* encoder) {
    VideoCodec codec({.encoder = encoder});
    PacketList list;
    codec.encode(frame.view(), {}, list.sink()).value();
    codec.flush(list.sink()).value();
    const auto pictures = decode_all(*make_decoder(codec.track()).value(), list.packets);
    const Frame rgb = pictures.at(0).frame.converted(PixelFormat::kBgr24).value();
    return std::to_integer<int>(rgb.view().planes[0][100]);
  };
  for (const char* encoder : {"libx264", "mjpeg", "mpeg4"}) {
    CAPTURE(encoder);
    CHECK(white(flat_picture(PixelFormat::kBgr24, 64, 48, kFull, {255, 255, 255, 0}), encoder) >=
          252);
    CHECK(white(flat_picture(PixelFormat::kYuv420p, 64, 48, kFull, {255, 128, 128, 0}), encoder) >=
          252);
    CHECK(white(flat_picture(PixelFormat::kYuv420p, 64, 48, kLimited, {235, 128, 128, 0}),
                encoder) >= 252);
    CHECK(white(flat_picture(PixelFormat::kGray8, 64, 48, kFull, {255, 0, 0, 0}), encoder) >= 252);
  }
}

TEST_CASE("video codec: bit rate is obeyed, more or less") {
  const auto size = [](std::int64_t bit_rate) {
    VideoCodec codec({.encoder = "libx264", .bit_rate = bit_rate, .frame_rate = {25, 1}});
    std::size_t bytes = 0;
    for (const Packet& packet :
         encode(codec, PixelFormat::kYuv420p, {320, 240}, even_times(50)).packets)
      bytes += packet.data.size();
    return bytes;
  };
  CHECK(size(50'000) < size(800'000));
}

TEST_CASE("probe: each encoder works or says why not, and the answer is kept") {
  const auto encoders = probe_encoders();
  std::set<std::string> names;
  bool any = false;
  for (const EncoderInfo& info : encoders) {
    CAPTURE(info.name);
    CHECK(names.insert(info.name).second);
    CHECK(!info.codec.empty());
    CHECK(info.works == info.why_not.empty());
    CHECK(info.why_not.find('\n') == std::string::npos);
    any = any || info.works;
  }
  CHECK(any);
  const auto again = probe_encoders();
  REQUIRE(again.size() == encoders.size());
  for (std::size_t i = 0; i < again.size(); ++i)
    CHECK(again[i].why_not == encoders[i].why_not);
}
