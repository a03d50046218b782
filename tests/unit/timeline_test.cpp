#include "detail/timeline.hpp"

#include "support/store.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace clipbuf;
using namespace clipbuf::test;
using namespace std::chrono_literals;

namespace {

// A timeline of one video track in milliseconds, and an audio track in samples.
struct Bench {
  detail::Timeline timeline{5s};
  bool new_run = false;

  explicit Bench(int reorder_depth = 0) {
    Track video = video_track();
    video.reorder_depth = reorder_depth;
    timeline.reset(
        {std::make_shared<const Track>(video), std::make_shared<const Track>(audio_track())}, 0);
  }
  Packet stamp(std::int64_t pts, std::int64_t dts, std::optional<Duration> arrival = {},
               bool key = false, TrackId track = 0) {
    Packet packet;
    packet.track = track;
    packet.pts = pts;
    packet.dts = dts;
    packet.arrival = arrival;
    packet.key = key;
    new_run = timeline.stamp(packet);
    return packet;
  }
};

}  // namespace

TEST_CASE("timeline: a variable frame rate stays as it is") {
  Bench bench;
  for (const std::int64_t t : {0, 40, 41, 1000, 1040, 5000, 5033})
    CHECK(bench.stamp(t, t).pts == t);
  CHECK(bench.timeline.restamped() == 0);
}

TEST_CASE("timeline: a missing time is taken from the other, missing both from the packet before") {
  Bench bench;
  CHECK(bench.stamp(100, kNoTicks).dts == 100);
  CHECK(bench.stamp(kNoTicks, 140).pts == 140);
  const Packet both = bench.stamp(kNoTicks, kNoTicks);
  CHECK(both.pts == 180);
  CHECK(both.dts == 180);
}

TEST_CASE("timeline: without dts, reordered pictures get the dts that players assume") {
  Bench bench(1);
  const std::vector<std::int64_t> pts = {0, 120, 40, 80, 240, 160, 200};
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  for (const std::int64_t t : pts) {
    const Packet packet = bench.stamp(t, kNoTicks);
    CHECK(packet.pts == t);
    CHECK(packet.dts <= t);
    CHECK(packet.dts > last);
    last = packet.dts;
  }
}

TEST_CASE("timeline: a repeated or backward dts moves on by a tick, the pts stays where it can") {
  Bench bench;
  bench.stamp(0, 0);
  bench.stamp(40, 40);
  const Packet repeated = bench.stamp(80, 40);
  CHECK(repeated.dts == 41);
  CHECK(repeated.pts == 80);
  const Packet backward = bench.stamp(20, 20);
  CHECK(backward.dts == 42);
  CHECK(backward.pts == 42);
  CHECK(bench.stamp(120, 120).dts == 120);
  CHECK(bench.timeline.restamped() == 0);
}

TEST_CASE("timeline: a pts before its dts is moved to it") {
  Bench bench;
  CHECK(bench.stamp(10, 30).pts == 30);
}

TEST_CASE(
    "timeline: one live packet whose time jumps is re-stamped, the next ones are right again") {
  Bench bench;
  Duration arrival = 0us;
  for (int i = 0; i < 5; ++i)
    bench.stamp(i * 40, i * 40, arrival += 40ms);
  const Packet wild = bench.stamp(9'000'000, 9'000'000, arrival += 40ms);
  CHECK(wild.dts == 200);
  CHECK(wild.pts == 200);
  CHECK(bench.timeline.restamped() == 1);
  CHECK(bench.stamp(240, 240, arrival += 40ms).dts == 240);
}

TEST_CASE("timeline: a jump that the arrival clock confirms is believed") {
  Bench bench;
  bench.stamp(0, 0, 0s);
  CHECK(bench.stamp(20'000, 20'000, 20s).dts == 20'000);
  CHECK(bench.timeline.restamped() == 0);
}

TEST_CASE(
    "timeline: after three jumps in a row time goes on smoothly, and a run begins at the next "
    "key") {
  Bench bench;
  Duration arrival = 0us;
  for (int i = 0; i < 5; ++i) {
    bench.stamp(i * 40, i * 40, arrival += 40ms);
    bench.stamp(i * 1920, i * 1920, arrival, true, 1);
  }
  // The camera restarts: everything begins at 1000 s.
  std::int64_t t = 1'000'000;
  for (int i = 0; i < 3; ++i, t += 40)
    CHECK(bench.stamp(t, t, arrival += 40ms).dts == 200 + i * 40);
  CHECK(bench.timeline.restamped() == 2);
  CHECK(bench.stamp(t, t, arrival += 40ms).dts == 320);
  CHECK(!bench.new_run);
  // Sound follows by the same offset, to the millisecond.
  const Packet sound = bench.stamp(t * 48, t * 48, arrival, true, 1);
  CHECK(std::abs(sound.dts - 320 * 48) <= 48);
  t += 40;
  CHECK(bench.stamp(t, t, arrival += 40ms, true).dts == 360);
  CHECK(bench.new_run);
}

TEST_CASE(
    "timeline: recorded packets may leap forward, and a step back begins a run at the next key") {
  Bench bench;
  bench.stamp(0, 0);
  CHECK(bench.stamp(60'000, 60'000).dts == 60'000);
  CHECK(bench.stamp(60'040, 60'040).dts == 60'040);
  CHECK(bench.stamp(60'080, 60'080).dts == 60'080);
  CHECK(bench.stamp(60'120, 60'120).dts == 60'120);
  CHECK(bench.stamp(0, 0).dts == 60'160);
  CHECK(bench.stamp(40, 40, {}, true).dts == 60'200);
  CHECK(bench.new_run);
}

TEST_CASE("timeline: one absurd leap of recorded packets does not shift what follows") {
  Bench bench;
  bench.stamp(0, 0);
  bench.stamp(40, 40);
  bench.stamp(900'000'000, 900'000'000);
  bench.stamp(120, 120);  // until the next key it can only go on from there
  CHECK(bench.stamp(160, 160, {}, true).dts == 160);
  CHECK(bench.new_run);
  CHECK(bench.stamp(200, 200).dts == 200);
}

TEST_CASE("timeline: dts rises strictly and pts is never before it, whatever comes") {
  std::mt19937_64 random(4);
  const auto wild = [&]() -> std::int64_t {
    switch (random() % 6) {
      case 0:
        return kNoTicks;
      case 1:
        return static_cast<std::int64_t>(random());
      case 2:
        return std::numeric_limits<std::int64_t>::max();
      default:
        return static_cast<std::int64_t>(random() % 100'000);
    }
  };
  for (int round = 0; round < 50; ++round) {
    Bench bench(static_cast<int>(random() % 4));
    std::array<std::int64_t, 2> last{std::numeric_limits<std::int64_t>::min(),
                                     std::numeric_limits<std::int64_t>::min()};
    for (int i = 0; i < 300; ++i) {
      const auto track = static_cast<TrackId>(random() % 2);
      const auto arrival =
          random() % 2 == 0 ? std::optional<Duration>(Duration(i * 1000)) : std::nullopt;
      const Packet packet = bench.stamp(wild(), wild(), arrival, random() % 10 == 0, track);
      if (bench.new_run) last.fill(std::numeric_limits<std::int64_t>::min());
      REQUIRE(packet.dts > last[track]);
      REQUIRE(packet.pts >= packet.dts);
      REQUIRE(std::abs(to_duration(packet.pts, {1, track == 0 ? 1000 : 48000}).count()) <
              (std::int64_t{1} << 62));
      last[track] = packet.dts;
    }
  }
}
