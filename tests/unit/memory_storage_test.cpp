#include <clipbuf/storage/memory.hpp>

#include "support/store.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace clipbuf;
using namespace clipbuf::test;

namespace {

bool same(const Packet& a, const Packet& b) {
  return a.track == b.track && a.key == b.key && a.recovery == b.recovery && a.pts == b.pts &&
         a.dts == b.dts && a.duration == b.duration &&
         std::equal(a.data.begin(), a.data.end(), b.data.begin(), b.data.end());
}

Packet random_packet(std::mt19937& random) {
  const auto pick = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  Packet made = packet(static_cast<TrackId>(pick(3)), pick(1 << 30), pick(1) == 1,
                       static_cast<std::size_t>(pick(3) == 0 ? pick(40'000) : pick(300)),
                       static_cast<unsigned>(pick(255)));
  made.dts = made.pts - pick(10'000);
  made.duration = pick(5'000);
  made.recovery = static_cast<std::uint16_t>(pick(9) == 0 ? pick(65'535) : 0);
  return made;
}

}  // namespace

TEST_CASE("memory storage: packets come back as they went in, across blocks") {
  std::mt19937 random(1);
  MemoryStorage storage({.block_bytes = 4096});
  REQUIRE(storage.limit({}));
  for (int segment = 0; segment < 20; ++segment) {
    std::vector<Packet> expected;
    for (int i = 0; i < 30; ++i) {
      expected.push_back(owned(random_packet(random)));
      REQUIRE(storage.append(expected.back()));
    }
    const SegmentPtr sealed = storage.seal().value();
    REQUIRE(sealed != nullptr);
    const auto packets = packets_of(*sealed);
    REQUIRE(packets.size() == expected.size());
    for (std::size_t i = 0; i < packets.size(); ++i)
      CHECK(same(packets[i], expected[i]));
  }
}

TEST_CASE("memory storage: extreme times survive") {
  MemoryStorage storage;
  Packet strange = packet(65535, kNoTicks, true, 0);
  strange.dts = std::numeric_limits<std::int64_t>::max();
  strange.duration = kNoTicks;
  strange.recovery = 65535;
  REQUIRE(storage.append(strange));
  REQUIRE(storage.append(packet(65535, -1, false, 1)));
  const auto packets = packets_of(*storage.seal().value());
  REQUIRE(packets.size() == 2);
  CHECK(same(packets[0], strange));
  CHECK(same(packets[1], packet(65535, -1, false, 1)));
}

TEST_CASE("memory storage: a peek is the open segment as it was, for ever") {
  MemoryStorage storage({.block_bytes = 4096});
  CHECK(storage.peek() == nullptr);
  CHECK(storage.seal().value() == nullptr);
  for (int i = 0; i < 10; ++i)
    REQUIRE(storage.append(packet(0, i, true, 3000)));
  const SegmentPtr peeked = storage.peek();
  CHECK(storage.peek() == peeked);  // nothing new: the same object
  for (int i = 10; i < 20; ++i)
    REQUIRE(storage.append(packet(0, i, true, 3000)));
  const SegmentPtr sealed = storage.seal().value();
  CHECK(storage.peek() == nullptr);
  CHECK(packets_of(*peeked).size() == 10);
  CHECK(packets_of(*sealed).size() == 20);
}

TEST_CASE("memory storage: discard forgets the open segment, not what is pinned of it") {
  MemoryStorage storage;
  REQUIRE(storage.append(packet(0, 1, true, 100, 7)));
  const SegmentPtr peeked = storage.peek();
  storage.discard();
  CHECK(storage.peek() == nullptr);
  REQUIRE(storage.append(packet(0, 2, true, 100, 9)));
  const auto packets = packets_of(*storage.seal().value());
  REQUIRE(packets.size() == 1);
  CHECK(packets[0].pts == 2);
  CHECK(packets_of(*peeked).at(0).data[0] == std::byte{7});
}

TEST_CASE("memory storage: segments outlive the storage") {
  SegmentPtr kept;
  {
    MemoryStorage storage;
    REQUIRE(storage.append(packet(0, 1, true, 300'000, 3)));
    kept = storage.seal().value();
    REQUIRE(storage.append(packet(0, 2, true, 300'000, 4)));
  }
  const auto packets = packets_of(*kept);
  REQUIRE(packets.size() == 1);
  CHECK(packets[0].data[299'999] == std::byte{3});
}

TEST_CASE("memory storage: the limit is hard, and freed blocks are used again") {
  std::mt19937 random(2);
  constexpr std::size_t kLimit = 128 * 1024;
  MemoryStorage storage;
  REQUIRE(storage.limit({.max_bytes = kLimit}));
  std::vector<SegmentPtr> held;
  std::vector<SegmentPtr> pinned;
  int full = 0;
  for (int i = 0; i < 5000; ++i) {
    const Packet next = random_packet(random);
    while (true) {
      const auto appended = storage.append(next);
      REQUIRE(storage.bytes_held() <= kLimit);
      if (appended) break;
      REQUIRE(appended.error().code == Errc::kStorageFull);
      ++full;
      if (held.empty()) {
        if (auto sealed = storage.seal().value()) {
          held.push_back(sealed);
        } else {
          REQUIRE(!pinned.empty());  // nothing else is held: there must be room
          pinned.clear();
        }
      } else {
        storage.release(held.front());
        held.erase(held.begin());
      }
    }
    if (i % 7 == 0) {
      if (auto sealed = storage.seal().value()) held.push_back(sealed);
      REQUIRE(storage.bytes_held() <= kLimit);
    }
    if (i % 31 == 0)
      if (auto peeked = storage.peek()) pinned.push_back(peeked);
    if (pinned.size() > 3) pinned.clear();
    REQUIRE(storage.bytes_held() <= kLimit);
  }
  CHECK(full > 100);
}

TEST_CASE("memory storage: a failed append changes nothing") {
  MemoryStorage storage;
  REQUIRE(storage.limit({.max_bytes = 64 * 1024}));
  REQUIRE(storage.append(packet(0, 1, true, 1000, 1)));
  CHECK(storage.append(packet(0, 2, true, 100'000, 2)).error().code == Errc::kStorageFull);
  REQUIRE(storage.append(packet(0, 3, false, 1000, 3)));
  const auto packets = packets_of(*storage.seal().value());
  REQUIRE(packets.size() == 2);
  CHECK(packets[1].pts == 3);
  CHECK(packets[1].data[999] == std::byte{3});
}

TEST_CASE("memory storage: a limit too small is refused with the numbers") {
  MemoryStorage storage;
  const auto limited = storage.limit({.max_bytes = 1000});
  REQUIRE(!limited);
  CHECK(limited.error().code == Errc::kInvalidArgument);
  CHECK(limited.error().message.find("1000") != std::string::npos);
  REQUIRE(storage.limit({}));
  REQUIRE(storage.append(packet(0, 1, true, 100'000)));
  CHECK(!storage.limit({.max_bytes = 20'000}));
}

TEST_CASE("memory storage: blocks left over from a long clip are given back in time") {
  MemoryStorage storage({.block_bytes = 4096});
  REQUIRE(storage.limit({}));
  std::vector<SegmentPtr> held;
  for (int i = 0; i < 300; ++i) {
    REQUIRE(storage.append(packet(0, i, true, 4000)));
    held.push_back(storage.seal().value());
  }
  const std::size_t most = storage.bytes_held();
  held.clear();
  CHECK(storage.bytes_held() == most);
  for (int i = 0; i < 400; ++i) {
    REQUIRE(storage.append(packet(0, i, true, 4000)));
    storage.seal().value();
  }
  CHECK(storage.bytes_held() < most / 4);
}
