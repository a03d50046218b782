// The writer's side of the store: what is kept, what is dropped, where runs begin.
#include <clipbuf/frame_store.hpp>

#include "detail/store_core.hpp"
#include "support/store.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <new>

using namespace clipbuf;
using namespace clipbuf::test;
using namespace std::chrono_literals;

namespace {

CopyStore video_store(Limits limits = {.keep = 0s}) {
  CopyStore store{{}, {}, limits, {.clock = &kFakeClock}};
  REQUIRE(store.add_track(video_track()));
  return store;
}

Packet live(Packet packet, Duration arrival) {
  packet.arrival = arrival;
  return packet;
}

}  // namespace

TEST_CASE("frame store: packets before the first key are dropped and counted") {
  CopyStore store = video_store();
  for (int n = 20; n < 60; ++n)
    REQUIRE(store.push(frame_packet(n)));
  const BufferStatus status = store.status();
  CHECK(status.dropped.no_key_frame.packets == 5);
  CHECK(status.stored.packets == 35);
  CHECK(status.in.packets == 40);
  CHECK(balanced(status));
  CHECK(status.covered == TimeRange{media(1000), media(2400)});
  CHECK(status.gop_length == 1s);
  CHECK(status.frames == 35);
}

TEST_CASE("frame store: leading pictures of the first open GOP are dropped, later ones kept") {
  CopyStore store{{}, {}, {.keep = 0s}};
  Track track = video_track();
  track.codec = "mpeg2video";
  REQUIRE(store.add_track(track));
  std::int64_t dts = 0;
  for (int gop = 0; gop < 3; ++gop) {
    const std::int64_t base = gop * 1000;
    for (const std::int64_t pts : {80, 0, 40, 200, 120, 160}) {
      Packet next = packet(0, base + pts, pts == 80);
      next.dts = base - 200 + (dts % 6) * 40;
      ++dts;
      REQUIRE(store.push(next));
    }
  }
  const BufferStatus status = store.status();
  CHECK(status.dropped.no_key_frame.packets == 2);
  CHECK(status.stored.packets == 16);
}

TEST_CASE("frame store: sound from before the first picture is kept when it sounds with it") {
  CopyStore store = video_store();
  REQUIRE(*store.add_track(audio_track()) == 1);
  for (int i = 0; i < 100; ++i)  // 21.3 ms each: 2.13 s
    REQUIRE(store.push(packet(1, i * 1024, true, 10)));
  CHECK(store.status().stored.packets == 0);
  REQUIRE(store.push(frame_packet(25)));  // at 1 s
  BufferStatus status = store.status();
  // 42 * 21.33 ms = 896 ms: what ends within 100 ms before the picture is pre-roll.
  CHECK(status.dropped.no_key_frame.packets == 42);
  CHECK(status.stored.packets == 59);
  CHECK(balanced(status));
}

TEST_CASE("frame store: the segment that covers newest - keep stays, older ones leave") {
  CopyStore store = video_store({.keep = 10s});
  for (int n = 0; n < 25 * 60; ++n) {
    REQUIRE(store.push(frame_packet(n)));
    const BufferStatus status = store.status();
    REQUIRE(balanced(status));
    if (n > 25 * 11) {
      REQUIRE(status.covered_length >= 10s);
      REQUIRE(status.covered_length <= 11s + 40ms);
    }
  }
  CHECK(store.core()->snapshot({.last = 10s})->gaps.empty());
}

TEST_CASE("frame store: a GOP longer than keep stays whole, and the status warns") {
  CopyStore store = video_store({.keep = 5s});
  for (int n = 0; n < 25 * 60; ++n)
    REQUIRE(store.push(frame_packet(n, 25 * 30)));
  const BufferStatus status = store.status();
  CHECK(status.covered.begin == media(30'000));
  CHECK(status.gop_length == 30s);
  CHECK(status.warning == "key frames are 30s apart, keep is 5s");
}

TEST_CASE("frame store: one absurd timestamp does not empty the ring") {
  for (const std::int64_t absurd : {std::int64_t{9'000'000'000}, std::int64_t{-9'000'000'000}}) {
    CAPTURE(absurd);
    CopyStore store = video_store({.keep = 10s});
    for (int n = 0; n < 250; ++n)
      REQUIRE(store.push(frame_packet(n)));
    REQUIRE(store.push(packet(0, absurd, true)));
    CHECK(store.status().evicted.packets == 0);
    for (int n = 250; n < 300; ++n)
      REQUIRE(store.push(frame_packet(n)));
    CHECK(store.status().evicted.packets <= 50);
    CHECK(store.status().stored.packets >= 250);
  }
}

TEST_CASE("frame store: a stalled stream keeps what it has, whatever the wall clock says") {
  FakeClock::reset();
  CopyStore store = video_store({.keep = 5s});
  for (int n = 0; n < 250; ++n)
    REQUIRE(store.push(live(frame_packet(n), FakeClock::steady())));
  const std::uint64_t stored = store.status().stored.packets;
  FakeClock::advance(1h);
  REQUIRE(store.finish());
  CHECK(store.status().stored.packets == stored);
}

TEST_CASE("frame store: max_bytes is never exceeded, and wins over keep") {
  constexpr std::size_t kLimit = 256 * 1024;
  CopyStore store = video_store({.keep = 1h, .max_bytes = kLimit});
  for (int n = 0; n < 2000; ++n) {
    REQUIRE(store.push(frame_packet(n, 5, 2000 + static_cast<std::size_t>(n % 7) * 300)));
    const BufferStatus status = store.status();
    REQUIRE(status.bytes_held <= kLimit);
    REQUIRE(balanced(status));
  }
  CHECK(store.status().stored.bytes > kLimit / 2);
  CHECK(store.status().dropped.no_room.packets == 0);
}

TEST_CASE("frame store: a GOP that doesn't fit keeps its beginning; the next key starts anew") {
  CopyStore store = video_store({.keep = 0s, .max_bytes = 128 * 1024});
  int refused = 0;
  for (int n = 0; n < 200; ++n)
    if (!store.push(frame_packet(n, 100, 2000))) ++refused;
  CHECK(refused == 2);  // once per GOP; the rest of it is dropped quietly
  const BufferStatus status = store.status();
  CHECK(balanced(status));
  CHECK(status.dropped.no_room.packets > 60);
  CHECK(status.runs_begun == 2);
  CHECK(status.covered.begin == media(4000));
  CHECK(status.bytes_held <= 128 * 1024);
}

TEST_CASE("frame store: a packet larger than max_bytes costs nothing that is held") {
  CopyStore store = video_store({.keep = 0s, .max_bytes = 128 * 1024});
  for (int n = 0; n < 25; ++n)
    REQUIRE(store.push(frame_packet(n)));
  const auto refused = store.push(packet(0, 1000, true, 1 << 20));
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::kStorageFull);
  CHECK(store.status().evicted.packets == 0);
  CHECK(store.status().stored.packets == 25);
}

TEST_CASE("frame store: wrong limits, tracks and packets are refused with the numbers") {
  CopyStore tiny{{}, {}, {.max_bytes = 100}};
  REQUIRE(tiny.add_track(video_track()));
  CHECK(tiny.push(frame_packet(0)).error().message ==
        "max_bytes is 100, at least 32768 are needed");
  CopyStore store{{}, {}, {.keep = 0s}};
  CHECK(store.push(frame_packet(0)).error().message == "no track 0, 0 tracks are declared");
  Track bad = video_track();
  bad.time_base = {1, 0};
  CHECK(store.add_track(bad).error().code == Errc::kInvalidArgument);
  CHECK(*store.add_track(video_track()) == 0);
  CHECK(*store.add_track(audio_track()) == 1);
  CHECK(*store.add_track(audio_track()) == 2);  // alike, and another one
  REQUIRE(store.push(frame_packet(0)));
  CHECK(!store.add_track(audio_track()));
}

TEST_CASE("frame store: a new run forgets the tracks, and equal ones are shared") {
  CopyStore store = video_store();
  for (int n = 0; n < 50; ++n)
    REQUIRE(store.push(frame_packet(n)));
  REQUIRE(store.begin_run(RunReason::kReconnect));
  CHECK(!store.push(frame_packet(0)));
  REQUIRE(store.add_track(video_track()));
  for (int n = 500; n < 550; ++n)
    REQUIRE(store.push(frame_packet(n)));
  const auto entries = store.core()->segments_from(0);
  CHECK(store.status().runs == 2);
  CHECK(entries.front().run != entries.back().run);
  CHECK(entries.front().run->tracks[0] == entries.back().run->tracks[0]);
}

TEST_CASE(
    "frame store: a step of the wall clock begins a run at the next segment and drops nothing") {
  FakeClock::reset();
  CopyStore store = video_store();
  for (int n = 0; n < 250; ++n) {
    if (n == 110) FakeClock::step_wall(1h);
    REQUIRE(store.push(live(frame_packet(n), FakeClock::steady())));
    FakeClock::advance(40ms);
  }
  const BufferStatus status = store.status();
  CHECK(status.runs == 2);
  CHECK(status.clock_steps == 1);
  CHECK(status.stored.packets == 250);
  CHECK(status.evicted.packets == 0);
  const auto entries = store.core()->segments_from(0);
  CHECK(entries[5].wall(entries[5].begin) - entries[4].wall(entries[4].begin) == 1h + 1s);
}

TEST_CASE("frame store: a live run is anchored at its least delayed packet") {
  FakeClock::reset();
  CopyStore store = video_store();
  const Timestamp start = FakeClock::wall();
  for (int n = 0; n < 50; ++n)  // two old seconds at once
    REQUIRE(store.push(live(frame_packet(n), FakeClock::steady())));
  for (int n = 50; n < 100; ++n) {
    FakeClock::advance(40ms);
    REQUIRE(store.push(live(frame_packet(n), FakeClock::steady())));
  }
  // Frame 49 came at `start` and was shown just then; so frame 0 was 1.96 s earlier.
  CHECK(store.status().covered.begin == start - 1960ms);
}

TEST_CASE("frame store: frames keep the time their host gave them") {
  TinyStore store{{}, {}, {.keep = 0s}};
  for (int n = 0; n < 100; ++n)
    REQUIRE(push_tiny(store, media(n * 40)));
  CHECK(store.status().covered.begin == media(0));
  REQUIRE(push_tiny(store, media(3960)));  // the same again: a microsecond later
  CHECK(store.status().runs == 1);
  REQUIRE(push_tiny(store, media(60'000)));  // the camera was away
  CHECK(store.status().runs == 2);
  REQUIRE(push_tiny(store, media(10'000)));  // somebody set the clock
  CHECK(store.status().runs == 3);
  CHECK(store.status().clock_steps == 1);
  CHECK(store.status().stored.packets == 103);
  CHECK(balanced(store.status()));
}

TEST_CASE("frame store: a frame that the codec refuses is counted and harms no other") {
  TinyStore store{{}, {}, {.keep = 0s}};
  REQUIRE(push_tiny(store, media(0)));
  const Frame wide = picture(PixelFormat::kGray8, 32, 16, 1, media(40));
  CHECK(store.push(wide.view()).error().code == Errc::kUnsupported);
  CHECK(store.push(FrameView{}).error().code == Errc::kInvalidArgument);
  REQUIRE(push_tiny(store, media(80)));
  const BufferStatus status = store.status();
  CHECK(status.dropped.not_encoded.packets == 2);
  CHECK(status.stored.packets == 2);
  CHECK(balanced(status));
}

TEST_CASE("frame store: another picture size begins a run with a track of its own") {
  TinyStore store{{}, {}, {.keep = 0s}};
  for (int n = 0; n < 10; ++n)
    REQUIRE(push_tiny(store, media(n * 40), n < 5 ? 16 : 32));
  CHECK(store.status().runs == 2);
  CHECK(store.status().tracks.at(0).height == 32);
  CHECK(store.core()->segments_from(0).front().run->tracks[0]->height == 16);
}

TEST_CASE("frame store: an intra refresh segment is right once a whole refresh has passed") {
  CopyStore store = video_store();
  for (int n = 0; n < 100; ++n) {
    Packet next = frame_packet(n);
    if (next.key && n > 0) next.recovery = 30;
    REQUIRE(store.push(next));
  }
  auto entries = store.core()->segments_from(0);
  REQUIRE(entries.size() == 4);
  CHECK(entries[0].recovered == 0s);
  CHECK(entries[1].recovered == 3200ms);  // the next refresh begins at frame 50 and takes 30
  CHECK(entries[2].recovered > 24h);
  CHECK(entries[3].recovered > 24h);
  // A clip of frame 51 needs the refresh that began at frame 0.
  const auto snapshot = store.core()->snapshot({.begin = media(2040), .end = media(2080)});
  CHECK(snapshot->segments.front().id == entries[0].id);
}

TEST_CASE("frame store: B pictures at the leading edge are not shown before they have come") {
  CopyStore store = video_store();
  // I0 P4 B2 B1 B3, dts = decoding order - 2 frames
  std::int64_t dts = -80;
  std::vector<Timestamp> newest;
  for (const std::int64_t frame : {0, 4, 2, 1, 3, 8, 6, 5, 7}) {
    Packet next = packet(0, frame * 40, frame == 0);
    next.dts = dts;
    dts += 40;
    REQUIRE(store.push(next));
    newest.push_back(store.core()->newest());
  }
  CHECK(newest[1] == Timestamp{});
  CHECK(newest[4] == media(120));  // dts 80: frames 0 to 2 are complete
  CHECK(newest[8] == media(280));
  REQUIRE(store.finish());
  CHECK(store.core()->newest() == media(360));
  CHECK(store.core()->segments_from(0).front().final);
}

// Counts what the steady state allocates.
namespace {
std::atomic<std::uint64_t> allocations{0};
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // both are replaced, which GCC overlooks
#endif
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

TEST_CASE("frame store: in the steady state a push allocates nothing") {
  CopyStore store = video_store({.keep = 10s, .max_bytes = 16 << 20});
  int n = 0;
  for (; n < 25 * 60; ++n)
    REQUIRE(store.push(frame_packet(n, 25, 5000)));
  std::vector<Packet> packets;
  for (; n < 25 * 90; ++n)
    packets.push_back(frame_packet(n, 25, 5000));
  const std::uint64_t before = allocations.load();
  bool pushed = true;
  for (const Packet& next : packets)
    pushed = store.push(next).has_value() && pushed;
  const std::uint64_t after = allocations.load();
  CHECK(pushed);
  CHECK(after == before);
}
