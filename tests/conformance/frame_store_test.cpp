// What every pair of codec and storage must do. A new one adds a line at the end.
#include "support/store.hpp"

#include <clipbuf/codec/jpeg.hpp>
#include <clipbuf/codec/raw.hpp>
#include <clipbuf/codec/video.hpp>

#include <doctest/doctest.h>

#include <tuple>

using namespace clipbuf;
using namespace clipbuf::test;
using namespace std::chrono_literals;

namespace {

template <Codec C, Storage S>
struct Pair {
  using CodecType = C;
  using StorageType = S;
};

constexpr int kWidth = 64;
constexpr int kHeight = 48;

Timestamp at(int n) {
  return Timestamp(1'700'000'000s) + n * 40ms;
}

Frame frame(int n, int width = kWidth) {
  return picture(PixelFormat::kYuv420p, width, kHeight, n, at(n));
}

template <class P>
Buffer make(Limits limits) {
  return FrameStore<typename P::CodecType, typename P::StorageType>{{}, {}, limits};
}

void push(Buffer& store, int from, int to, int width = kWidth) {
  for (int n = from; n < to; ++n)
    REQUIRE(store.push(frame(n, width).view()));
}

// The times of all frames that a clip of the range delivers.
std::vector<int> frames_of(const Buffer& store, TimeRange range) {
  const auto clip = store.clip({.begin = range.begin, .end = range.end});
  std::vector<int> shown;
  auto reader = clip->frames().value();
  while (auto next = reader.next().value())
    shown.push_back(static_cast<int>((next->timestamp() - at(0)) / 40ms));
  return shown;
}

std::vector<int> numbers(int from, int to) {
  std::vector<int> all;
  for (int n = from; n < to; ++n)
    all.push_back(n);
  return all;
}

}  // namespace

TEST_CASE_TEMPLATE_DEFINE(
    "conformance: the frames of a range come back, all of them and no others, in order", P,
    ranges) {
  Buffer store = make<P>({.keep = 0s});
  push(store, 0, 80);
  REQUIRE(store.finish());
  CHECK(frames_of(store, {at(0), at(80)}) == numbers(0, 80));
  CHECK(frames_of(store, {at(33), at(61)}) == numbers(33, 61));
  CHECK(frames_of(store, {at(33) + 1ms, at(34) + 1ms}) == numbers(34, 35));
}

TEST_CASE_TEMPLATE_DEFINE("conformance: a frame looks like what was pushed", P, pictures) {
  Buffer store = make<P>({.keep = 0s});
  push(store, 0, 60);
  REQUIRE(store.finish());
  for (const int n : {0, 17, 45, 59}) {
    const auto found = store.frame_at(at(n) + 39ms, PixelFormat::kYuv420p);
    REQUIRE(found);
    CHECK(found->timestamp() == at(n));
    CHECK(psnr(found->view(), frame(n).view()) > 28);
  }
  CHECK(store.frame_at(at(0) - 1us).error().code == Errc::kNothingInRange);
}

TEST_CASE_TEMPLATE_DEFINE("conformance: old footage leaves, keep stays, and the books balance", P,
                          keep) {
  Buffer store = make<P>({.keep = 2s});
  for (int n = 0; n < 250; ++n) {
    push(store, n, n + 1);
    REQUIRE(balanced(store.status()));
  }
  REQUIRE(store.finish());
  const BufferStatus status = store.status();
  CHECK(balanced(status));
  CHECK(status.evicted.packets > 100);
  CHECK(status.covered_length >= 2s);
  CHECK(status.covered.end == at(250));
  const auto clip = store.clip({.last = 2s});
  REQUIRE(clip);
  CHECK(clip->preview().complete);
}

TEST_CASE_TEMPLATE_DEFINE("conformance: max_bytes holds at every moment", P, max_bytes) {
  constexpr std::size_t kLimit = 512 * 1024;
  Buffer store = make<P>({.keep = 0s, .max_bytes = kLimit});
  for (int n = 0; n < 250; ++n) {
    (void)store.push(frame(n).view());
    const BufferStatus status = store.status();
    REQUIRE(status.bytes_held <= kLimit);
    REQUIRE(balanced(status));
  }
  CHECK(store.status().stored.packets > 0);
}

TEST_CASE_TEMPLATE_DEFINE(
    "conformance: a clip survives the eviction of what it holds, and the store", P, pinned) {
  std::optional<Clip> clip;
  {
    Buffer store = make<P>({.keep = 2s});
    push(store, 0, 60);
    REQUIRE(store.finish());
    clip = *store.clip({.begin = at(20), .end = at(40)});
    push(store, 60, 250);
    CHECK(store.status().covered.begin > at(40));
  }
  int count = 0;
  auto reader = clip->frames().value();
  while (auto next = reader.next().value()) {
    CHECK(next->timestamp() == at(20 + count));
    ++count;
  }
  CHECK(count == 20);
}

TEST_CASE_TEMPLATE_DEFINE("conformance: another picture size goes on in a new run", P, sizes) {
  Buffer store = make<P>({.keep = 0s});
  push(store, 0, 30);
  push(store, 30, 60, kWidth * 2);
  REQUIRE(store.finish());
  CHECK(store.status().runs == 2);
  CHECK(store.status().tracks.at(0).width == kWidth * 2);
  CHECK(store.frame_at(at(10))->width() == kWidth);
  CHECK(store.frame_at(at(50))->width() == kWidth * 2);
  CHECK(store.clip({.begin = at(20), .end = at(40)})->preview().gaps.empty());
}

TEST_CASE_TEMPLATE_DEFINE("conformance: a new run reports what is missing, and frames go on", P,
                          runs) {
  Buffer store = make<P>({.keep = 0s});
  push(store, 0, 50);
  REQUIRE(store.begin_run(RunReason::kReconnect));
  push(store, 100, 150);
  REQUIRE(store.finish());
  const auto gaps = store.clip({.begin = at(25), .end = at(125)})->preview().gaps;
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0] == Gap{{at(50), at(100)}, GapReason::kSourceLost});
  CHECK(frames_of(store, {at(45), at(105)}).size() == 10);
}

TYPE_TO_STRING_AS("raw, memory", Pair<RawCodec, MemoryStorage>);
TYPE_TO_STRING_AS("jpeg, memory", Pair<JpegCodec, MemoryStorage>);
TYPE_TO_STRING_AS("video, memory", Pair<VideoCodec, MemoryStorage>);

using Pairs = std::tuple<Pair<RawCodec, MemoryStorage>, Pair<JpegCodec, MemoryStorage>,
                         Pair<VideoCodec, MemoryStorage>>;
TEST_CASE_TEMPLATE_APPLY(ranges, Pairs);
TEST_CASE_TEMPLATE_APPLY(pictures, Pairs);
TEST_CASE_TEMPLATE_APPLY(keep, Pairs);
TEST_CASE_TEMPLATE_APPLY(max_bytes, Pairs);
TEST_CASE_TEMPLATE_APPLY(pinned, Pairs);
TEST_CASE_TEMPLATE_APPLY(sizes, Pairs);
TEST_CASE_TEMPLATE_APPLY(runs, Pairs);
