#include "source/rebuild_pts.hpp"

#include "support/footage.hpp"
#include "support/remux.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace clipbuf::test {
namespace {

using detail::AvPacketPtr;
using detail::PictureOrder;
using detail::PtsRebuilder;

struct Coded {
  int shown = 0;  // its place in presentation order
  PtsRebuilder::Picture picture;
};

struct Times {
  std::int64_t pts = 0;
  std::int64_t dts = 0;
  std::int64_t pos = 0;
};

AvPacketPtr packet_at(std::int64_t position) {
  AvPacketPtr packet(av_packet_alloc());
  packet->pos = position;
  return packet;
}

std::vector<Times> rebuild(PtsRebuilder& rebuilder, const std::vector<Coded>& coded) {
  std::vector<Times> out;
  const auto drain = [&] {
    while (const AvPacketPtr packet = rebuilder.pop())
      out.push_back({packet->pts, packet->dts, packet->pos});
  };
  for (std::size_t i = 0; i < coded.size(); ++i) {
    rebuilder.push(packet_at(static_cast<std::int64_t>(i)), coded[i].picture);
    drain();
  }
  rebuilder.finish();
  drain();
  return out;
}

void check_times(const std::vector<Coded>& coded, const std::vector<Times>& times,
                 std::int64_t step) {
  REQUIRE(times.size() == coded.size());
  for (std::size_t i = 0; i < times.size(); ++i) {
    REQUIRE(times[i].pos == static_cast<std::int64_t>(i));
    REQUIRE(times[i].pts == coded[i].shown * step);
    REQUIRE(times[i].dts <= times[i].pts);
    if (i > 0) REQUIRE(times[i].dts > times[i - 1].dts);
  }
}

/// A sequence in which groups of pictures are reordered at random, each by less than `depth`.
std::vector<Coded> random_sequences(std::mt19937& random, int pictures, int depth,
                                    int sequence_length) {
  std::vector<Coded> coded;
  int start = 0;
  while (start < pictures) {
    const int length = std::min(sequence_length, pictures - start);
    std::vector<int> order{0};
    for (int at = 1; at < length;) {
      const int group =
          std::min(length - at, 1 + static_cast<int>(random() % static_cast<unsigned>(depth)));
      std::vector<int> part(static_cast<std::size_t>(group));
      std::iota(part.begin(), part.end(), at);
      std::rotate(part.begin(), part.end() - 1, part.end());  // the anchor first
      std::shuffle(part.begin() + 1, part.end(), random);
      order.insert(order.end(), part.begin(), part.end());
      at += group;
    }
    for (const int place : order)
      coded.push_back({start + place, {place * 2, place == 0, false}});
    start += length;
  }
  return coded;
}

}  // namespace

TEST_CASE("rebuild pts: by the count that each picture carries, whatever the structure") {
  std::mt19937 random(3);
  for (int round = 0; round < 60; ++round) {
    const int depth = 1 + static_cast<int>(random() % 12);
    const int sequence = round % 2 == 0 ? 100'000 : 1 + static_cast<int>(random() % 80);
    const auto coded = random_sequences(random, 300, depth, sequence);
    PtsRebuilder rebuilder(PictureOrder::kByCount, 12, 3600);
    check_times(coded, rebuild(rebuilder, coded), 3600);
  }
}

TEST_CASE("rebuild pts: a depth that nobody told is found from the first pictures") {
  std::vector<Coded> coded{{0, {0, true, false}}};
  for (int i = 1; i + 3 < 200; i += 4) {
    coded.push_back({i + 3, {2 * (i + 3), false, false}});
    coded.push_back({i + 1, {2 * (i + 1), false, false}});
    coded.push_back({i, {2 * i, false, false}});
    coded.push_back({i + 2, {2 * (i + 2), false, false}});
  }
  PtsRebuilder rebuilder(PictureOrder::kByCount, 0, 1);
  check_times(coded, rebuild(rebuilder, coded), 1);
}

TEST_CASE("rebuild pts: by type, B-pictures are shown before the anchor they follow") {
  std::vector<Coded> coded{{0, {0, true, false}}};
  for (int i = 1; i + 2 < 100; i += 3) {
    coded.push_back({i + 2, {0, false, false}});
    coded.push_back({i, {0, false, true}});
    coded.push_back({i + 1, {0, false, true}});
  }
  PtsRebuilder rebuilder(PictureOrder::kByType, 1, 40);
  check_times(coded, rebuild(rebuilder, coded), 40);
}

TEST_CASE("rebuild pts: one picture, and none") {
  PtsRebuilder one(PictureOrder::kByCount, 2, 10);
  check_times({{0, {0, true, false}}}, rebuild(one, {{0, {0, true, false}}}), 10);
  PtsRebuilder none(PictureOrder::kByType, 1, 10);
  none.finish();
  CHECK(none.pop() == nullptr);
}

namespace {

/// The packets read back must be the same, with the same times but for a common shift.
void check_same(const CodedVideo& expected, const CodedVideo& got) {
  REQUIRE(got.packets.size() == expected.packets.size());
  const auto first_shown = [](const CodedVideo& video) {
    std::int64_t first = video.packets.at(0).pts;
    for (const Packet& packet : video.packets)
      first = std::min(first, packet.pts);
    return first;
  };
  const std::int64_t expected_zero = first_shown(expected);
  const std::int64_t got_zero = first_shown(got);
  for (std::size_t i = 0; i < got.packets.size(); ++i) {
    REQUIRE(got.packets[i].pts != kNoTicks);
    REQUIRE(got.packets[i].dts <= got.packets[i].pts);
    REQUIRE(to_duration(got.packets[i].pts - got_zero, got.track.time_base) ==
            to_duration(expected.packets[i].pts - expected_zero, expected.track.time_base));
  }
}

}  // namespace

TEST_CASE("rebuild pts: real streams keep every frame and its time where the container has none") {
  struct Case {
    const char* encoder;
    const char* format;
    int b_frames;
  };
  const TemporaryDirectory folder;
  for (const Case& c :
       {Case{"libx264", "h264", 3}, Case{"libx264", "avi", 3}, Case{"libx264", "h264", 0},
        Case{"libx265", "hevc", 3}, Case{"mpeg4", "avi", 2}, Case{"mpeg4", "m4v", 2}}) {
    CAPTURE(c.encoder);
    CAPTURE(c.format);
    if (avcodec_find_encoder_by_name(c.encoder) == nullptr) continue;
    const CodedVideo video = encode(c.encoder, 75, 96, 64, c.b_frames);
    const std::string path =
        folder.file(std::string(c.encoder) + std::to_string(c.b_frames) + "." + c.format);
    remux(video, c.format, path);
    check_same(video, video_of(path));
  }
}

}  // namespace clipbuf::test
