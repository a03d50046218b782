#include "detail/wall_map.hpp"

#include <doctest/doctest.h>

using namespace clipbuf;
using namespace std::chrono_literals;

TEST_CASE("wall map: the least delayed arrival is the anchor, not the first") {
  detail::WallMap map;
  map.begin(true, 1000s);
  CHECK(map.arrived(0s, 10s));  // a burst of three old seconds
  CHECK(map.to_wall() == 1010s);
  CHECK(map.arrived(1s, 10s));
  CHECK(map.arrived(3s, 10s));
  CHECK(map.to_wall() == 1007s);
  CHECK(!map.arrived(4s, 11s + 300ms));  // late
  CHECK(map.to_wall() == 1007s);
}

TEST_CASE("wall map: after its first seconds it only slews, by 500 ppm at most") {
  detail::WallMap map;
  map.begin(true, 0s);
  map.arrived(0s, 1s);
  for (int s = 1; s <= 60; ++s) {
    // The camera's clock is slow by a per cent.
    CHECK(!map.arrived(Duration(s * 990'000), Duration((s + 1) * 1'000'000)));
    const Duration before = map.to_wall();
    map.begin_segment(Duration(s * 990'000), 0s);
    const Duration moved = map.to_wall() - before;
    CHECK(moved >= 0us);
    CHECK(moved <= 495us);
  }
  CHECK(map.to_wall() > 1s);
}

TEST_CASE(
    "wall map: a clock step moves it at once; packets without arrival are in wall time already") {
  detail::WallMap map;
  map.begin(true, 1000s);
  map.arrived(0s, 10s);
  map.step(4600s);
  CHECK(map.to_wall() == 4610s);
  map.begin(false, 7s);
  CHECK(!map.arrived(5s, 10s));
  CHECK(map.to_wall() == 0s);
}

TEST_CASE("age clock: one absurd leap does not count, a real one does after three packets") {
  detail::AgeClock age(5s);
  age.advance(100s);
  CHECK(age.advance(101s).age == 1s);
  CHECK(age.advance(Duration(std::int64_t{1} << 58)).age == 1s);
  CHECK(age.leaping());
  CHECK(age.advance(102s).age == 1s);  // back again
  CHECK(!age.leaping());
  CHECK(age.advance(103s).age == 2s);
  age.advance(1000s);
  age.advance(1001s);
  CHECK(age.advance(1002s).age == 4s);
  const auto step = age.advance(1003s);
  CHECK(step.late_leap == 897s);
  CHECK(step.age == 2s + 897s + 3s);
}

TEST_CASE("age clock: never runs backwards, and saturates") {
  detail::AgeClock age(5s);
  Duration last{0};
  for (int i = 0; i < 2000; ++i) {
    age.restart(Duration(0), Duration(std::int64_t{1} << 60), i % 3 == 0 ? false : i % 50 == 0);
    for (int k = 1; k < 6; ++k)
      age.advance(Duration(k));
    CHECK(age.age() >= last);
    last = age.age();
  }
}
