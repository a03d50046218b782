// The readers' side of the store: ranges, gaps, waiting, and reading while the writer writes.
#include "detail/store_core.hpp"
#include "support/store.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace clipbuf;
using namespace clipbuf::test;
using namespace std::chrono_literals;

namespace {

// Frames [from, to) at 25 fps with a key every second.
void push(CopyStore& store, int from, int to) {
  for (int n = from; n < to; ++n)
    REQUIRE(store.push(frame_packet(n)));
}

CopyStore filled(Limits limits, int from, int to) {
  CopyStore store{{}, {}, limits, {.clock = &kFakeClock}};
  REQUIRE(store.add_track(video_track()));
  push(store, from, to);
  return store;
}

std::vector<Gap> gaps_in(const Buffer& store, std::int64_t begin, std::int64_t end) {
  return store.core()
      ->snapshot({.begin = media(begin), .end = media(end), .placeholder = true})
      ->gaps;
}

Gap gap(std::int64_t begin, std::int64_t end, GapReason reason) {
  return {{media(begin), media(end)}, reason};
}

}  // namespace

TEST_CASE("store readers: a request must say one range, and a sensible one") {
  const CopyStore store = filled({.keep = 0s}, 0, 100);
  const auto refused = [&](const ClipRequest& request) {
    const auto snapshot = store.core()->snapshot(request);
    return !snapshot && snapshot.error().code == Errc::kInvalidArgument;
  };
  CHECK(refused({}));
  CHECK(refused({.begin = media(0)}));
  CHECK(refused({.begin = media(0), .end = media(1000), .last = 1s}));
  CHECK(refused({.last = -1s}));
  CHECK(refused({.begin = media(1000), .end = media(1000)}));
  CHECK(refused({.around = media(1000)}));
  CHECK(refused({.around = media(1000), .before = -1s, .after = 2s}));
  CHECK(!refused({.around = media(1000), .before = 1s}));
  CHECK(!refused({.begin = Timestamp::min(), .end = Timestamp::max()}));
}

TEST_CASE("store readers: last counts back from the end of the newest frame") {
  const CopyStore store = filled({.keep = 0s}, 0, 100);
  const auto snapshot = store.core()->snapshot({.last = 2s});
  CHECK(snapshot->requested == TimeRange{media(2000), media(4000)});
  CHECK(snapshot->gaps.empty());
  CHECK(snapshot->segments.front().wall(snapshot->segments.front().begin) <= media(2000));
}

TEST_CASE("store readers: what is missing is named with its reason") {
  FakeClock::reset();
  CopyStore store = filled({.keep = 10s}, 250, 1000);  // 10 s to 40 s
  CHECK(gaps_in(store, 32'000, 35'000).empty());
  CHECK(gaps_in(store, 35'000, 50'000) ==
        std::vector{gap(40'000, 50'000, GapReason::kNotRecordedYet)});
  const auto held = store.status().covered.begin;
  CHECK(gaps_in(store, 5'000, 35'000) ==
        std::vector{gap(5'000, 10'000, GapReason::kNotRecorded),
                    Gap{{media(10'000), held}, GapReason::kEvicted}});
  REQUIRE(store.begin_run(RunReason::kReconnect));
  REQUIRE(store.add_track(video_track()));
  push(store, 1100, 1150);
  CHECK(gaps_in(store, 38'000, 45'000) == std::vector{gap(40'000, 44'000, GapReason::kSourceLost)});
  REQUIRE(store.begin_run(RunReason::kParameters));
  REQUIRE(store.add_track(video_track()));
  push(store, 1150, 1200);
  CHECK(gaps_in(store, 45'000, 47'000).empty());
}

TEST_CASE("store readers: a clock step is marked where no footage is missing") {
  TinyStore store{{}, {}, {.keep = 0s}};
  for (int n = 0; n < 500; ++n)
    REQUIRE(push_tiny(store, media(n * 40)));
  for (int n = 0; n < 500; ++n)
    REQUIRE(push_tiny(store, media(10'000 + n * 40)));
  CHECK(gaps_in(store, 15'000, 25'000) == std::vector{gap(20'000, 20'000, GapReason::kClockStep)});
}

TEST_CASE("store readers: nothing in range is an error with the numbers, or a placeholder") {
  const CopyStore store = filled({.keep = 0s}, 0, 100);
  const auto none = store.core()->snapshot({.begin = media(100'000), .end = media(110'000)});
  REQUIRE(!none);
  CHECK(none.error().code == Errc::kNothingInRange);
  CHECK(none.error().message.find("1970-01-01T00:00:04.000000Z") != std::string::npos);
  const auto empty =
      store.core()->snapshot({.begin = media(100'000), .end = media(110'000), .placeholder = true});
  REQUIRE(empty);
  CHECK(empty->segments.empty());
  CHECK(empty->placeholder);
  CHECK(empty->gaps == std::vector{gap(100'000, 110'000, GapReason::kNotRecordedYet)});
  const CopyStore nothing{{}, {}, {}};
  CHECK(nothing.core()->snapshot({.last = 5s}).error().code == Errc::kNothingInRange);
}

TEST_CASE("store readers: a snapshot outlives eviction and the store") {
  std::optional<detail::Snapshot> snapshot;
  {
    CopyStore store = filled({.keep = 2s}, 0, 100);
    snapshot = *store.core()->snapshot({.last = 2s});
    push(store, 100, 1000);
    CHECK(store.status().covered.begin > media(30'000));
  }
  std::size_t count = 0;
  for (const auto& entry : snapshot->segments)
    for (const Packet& each : packets_of(*entry.segment)) {
      const auto n = static_cast<unsigned>(each.pts / 40);
      CHECK(each.data[0] == static_cast<std::byte>(n));
      ++count;
    }
  CHECK(count >= 50);
}

TEST_CASE("store readers: a request into the future waits for it, and keeps what was there") {
  CopyStore store = filled({.keep = 2s}, 0, 100);
  std::optional<detail::Snapshot> snapshot;
  std::thread reader([&] {
    snapshot = *store.core()->snapshot({.begin = media(2000), .end = media(8000), .wait = 60s});
  });
  // The reader has pinned its beginning once it shows in the packets held by nobody else.
  while (store.core()->waiting() == 0)
    std::this_thread::yield();
  push(store, 100, 300);
  reader.join();
  CHECK(snapshot->gaps.empty());
  std::vector<std::int64_t> shown;
  for (const auto& entry : snapshot->segments)
    for (const Packet& each : packets_of(*entry.segment))
      shown.push_back(each.pts / 40);
  for (std::size_t i = 1; i < shown.size(); ++i)
    REQUIRE(shown[i] == shown[i - 1] + 1);
  CHECK(shown.front() <= 50);
  CHECK(shown.back() >= 199);
}

TEST_CASE("store readers: waiting ends when the writer is done") {
  CopyStore store = filled({.keep = 0s}, 0, 100);
  REQUIRE(store.finish());
  const auto snapshot = store.core()->snapshot(
      {.begin = media(2000), .end = media(8000), .wait = std::chrono::hours(1)});
  CHECK(snapshot->gaps == std::vector{gap(4000, 8000, GapReason::kNotRecordedYet)});
  CHECK(store.wait_for_packets(0, std::chrono::hours(1)) == 100);
  CHECK(store.wait_for_packets(100, 0s) == 100);
}

TEST_CASE("store readers: the place of a frame is the newest not after the time") {
  const CopyStore store = filled({.keep = 0s}, 25, 100);
  const auto begin_of = [&](std::int64_t when) {
    return store.core()->place_of_frame(media(when))->range.begin;
  };
  CHECK(begin_of(1000) == media(1000));
  CHECK(begin_of(1039) == media(1000));
  CHECK(begin_of(2500) == media(2480));
  CHECK(begin_of(99'000) == media(3960));
  CHECK(store.core()->place_of_frame(media(999)).error().code == Errc::kNothingInRange);
}

TEST_CASE("store readers: twenty readers take and read snapshots while the writer pushes") {
  CopyStore store = filled({.keep = 4s, .max_bytes = 8 << 20}, 0, 100);
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::atomic<int> taken{0};
  const auto read = [&] {
    while (!stop) {
      const auto snapshot = store.core()->snapshot({.last = 2s});
      if (!snapshot || !snapshot->gaps.empty()) ++wrong;
      if (!snapshot) continue;
      std::int64_t last = -1;
      for (const auto& entry : snapshot->segments) {
        const auto reader = entry.segment->read().value();
        while (const Packet* next = reader->next().value()) {
          const std::int64_t n = next->pts / 40;
          if (last >= 0 && n != last + 1) ++wrong;
          if (next->data.back() != static_cast<std::byte>(n)) ++wrong;
          last = n;
        }
      }
      ++taken;
    }
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 20; ++i)
    readers.emplace_back(read);
  int n = 100;
  // At full speed, until every reader has had its turns.
  while (taken < 200 && n < 2'000'000) {
    if (!store.push(frame_packet(n, 25, 3000))) ++wrong;
    ++n;
  }
  stop = true;
  for (auto& reader : readers)
    reader.join();
  CHECK(wrong == 0);
  CHECK(taken >= 200);
  const BufferStatus status = store.status();
  CHECK(balanced(status));
  CHECK(status.dropped.no_room.packets == 0);
  CHECK(status.in.packets == static_cast<std::uint64_t>(n));
  CHECK(status.bytes_held <= 8u << 20);
}
