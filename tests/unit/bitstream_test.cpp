#include "detail/bitstream.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <random>

using namespace clipbuf;
using detail::Bitstream;
using detail::StartKind;

namespace {

using Bytes = std::vector<std::byte>;

Bytes bytes(std::initializer_list<int> values) {
  Bytes result;
  for (const int value : values)
    result.push_back(static_cast<std::byte>(value));
  return result;
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes result;
  for (const Bytes& part : parts)
    result.insert(result.end(), part.begin(), part.end());
  return result;
}

Track track(const char* codec, Bytes extradata = {}) {
  Track track;
  track.codec = codec;
  track.extradata = std::move(extradata);
  return track;
}

// Heads of real units: x264 0.164 and x265 3.5.
const Bytes kCode = bytes({0, 0, 0, 1});
const Bytes kSps = bytes({0x67, 0xf4, 0x00, 0x0a, 0x91, 0x96, 0x84, 0x26, 0xc0, 0x44, 0, 0, 3, 0});
const Bytes kPps = bytes({0x68, 0xef, 0x0f, 0x11, 0x21, 0x10});
const Bytes kRecoverySei = bytes({0x06, 0x06, 0x01, 0x71, 0x80});  // two frames
const Bytes kIdr = bytes({0x65, 0x88, 0x84, 0x19, 0xff, 0xb6});
const Bytes kSlice = bytes({0x41, 0x9a, 0x26, 0x23, 0x3f, 0x49});
const Bytes kHevcVps = bytes({0x40, 0x01, 0x0c, 0x01});
const Bytes kHevcCra = bytes({0x2a, 0x01, 0xac, 0x41});
const Bytes kHevcIdr = bytes({0x28, 0x01, 0xaf, 0x1d});
const Bytes kHevcRasl = bytes({0x12, 0x01, 0xd0, 0x11});
const Bytes kHevcRadl = bytes({0x0e, 0x01, 0xd0, 0x11});
const Bytes kHevcTrail = bytes({0x02, 0x01, 0xd0, 0x11});
const Bytes kAvcc = bytes({1, 0xf4, 0, 0x0a, 0xff, 0xe1, 0});

Bytes sized(const Bytes& unit) {
  return joined({bytes({0, 0, 0, static_cast<int>(unit.size())}), unit});
}

}  // namespace

TEST_CASE("bitstream: H.264 IDR, recovery point and plain pictures are told apart") {
  const Bitstream stream(track("h264"));
  CHECK(stream.start_point(joined({kCode, kSps, kCode, kPps, kCode, kIdr})).kind ==
        StartKind::kClean);
  const auto refresh =
      stream.start_point(joined({kCode, kSps, kCode, kPps, kCode, kRecoverySei, kCode, kSlice}));
  CHECK(refresh.kind == StartKind::kRecovery);
  CHECK(refresh.recovery == 2);
  CHECK(stream.start_point(joined({kCode, kSlice})).kind == StartKind::kNone);
  const Bytes at_once = bytes({0x06, 0x06, 0x01, 0xc4, 0x80});
  CHECK(stream.start_point(joined({kCode, at_once, kCode, kSlice})).kind == StartKind::kOpen);
}

TEST_CASE("bitstream: units behind lengths are read as avcC says") {
  const Bitstream stream(track("h264", kAvcc));
  const auto refresh = stream.start_point(joined({sized(kRecoverySei), sized(kSlice)}));
  CHECK(refresh.kind == StartKind::kRecovery);
  CHECK(stream.start_point(sized(kIdr)).kind == StartKind::kClean);
  // A length beyond the packet ends the search.
  CHECK(stream.start_point(joined({bytes({0x7f, 0xff, 0xff, 0xff}), kIdr})).kind ==
        StartKind::kNone);
}

TEST_CASE("bitstream: a recovery point behind other messages and emulation prevention is found") {
  // pic_timing with a payload that needs an emulation prevention byte, then the recovery point.
  const Bytes sei =
      bytes({0x06, 0x01, 0x04, 0x00, 0x00, 0x03, 0x00, 0x01, 0x06, 0x02, 0x04, 0x10, 0x80});
  const Bitstream stream(track("h264"));
  const auto start = stream.start_point(joined({kCode, sei, kCode, kSlice}));
  CHECK(start.kind == StartKind::kRecovery);
  CHECK(start.recovery == 31);  // 00000 100000 1: five zeros, then 32
}

TEST_CASE("bitstream: HEVC IDR and CRA are told apart, and which leading pictures are lost") {
  const Bitstream stream(track("hevc"));
  CHECK(stream.start_point(joined({kCode, kHevcVps, kCode, kHevcIdr})).kind == StartKind::kClean);
  CHECK(stream.start_point(joined({kCode, kHevcVps, kCode, kHevcCra})).kind == StartKind::kOpen);
  CHECK(stream.start_point(joined({kCode, kHevcTrail})).kind == StartKind::kNone);
  CHECK(stream.is_skipped_leading(joined({kCode, kHevcRasl})));
  CHECK(!stream.is_skipped_leading(joined({kCode, kHevcRadl})));
}

TEST_CASE("bitstream: codecs that are not looked into are clean or open by their nature") {
  CHECK(Bitstream(track("vp9")).start_point({}).kind == StartKind::kClean);
  CHECK(Bitstream(track("mjpeg")).start_point({}).kind == StartKind::kClean);
  CHECK(Bitstream(track("mpeg2video")).start_point({}).kind == StartKind::kOpen);
}

TEST_CASE("bitstream: any bytes are read to an end") {
  std::mt19937 random(5);
  for (int i = 0; i < 20'000; ++i) {
    Bytes noise(random() % 80);
    for (auto& byte : noise)
      byte = static_cast<std::byte>(random() % 4 == 0 ? random() % 8 : random());
    if (i % 2 == 0) noise.insert(noise.begin(), kCode.begin(), kCode.end());
    for (const char* codec : {"h264", "hevc"})
      for (const Bytes& extradata : {Bytes{}, kAvcc, noise}) {
        const Bitstream stream(track(codec, extradata));
        (void)stream.start_point(noise);
        (void)stream.is_skipped_leading(noise);
      }
  }
}
