#include <clipbuf/packet.hpp>

#include <doctest/doctest.h>

using namespace clipbuf;

namespace {
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
}

TEST_CASE("ticks: durations round to the nearest microsecond, halves away from zero") {
  CHECK(to_duration(90'000, {1, 90'000}) == Duration(1'000'000));
  CHECK(to_duration(1, {1, 90'000}) == Duration(11));
  CHECK(to_duration(-1, {1, 90'000}) == Duration(-11));
  CHECK(to_duration(1, {1001, 30'000}) == Duration(33'367));
  CHECK(to_duration(1, {1, 2'000'000}) == Duration(1));
  CHECK(to_duration(-1, {1, 2'000'000}) == Duration(-1));
  CHECK(to_duration(1, {1, 2'000'001}) == Duration(0));
  CHECK(to_duration(0, {1, 1}) == Duration(0));
}

TEST_CASE("ticks: a time base of microseconds changes nothing") {
  for (const std::int64_t us :
       {std::int64_t{0}, std::int64_t{1'700'000'000'123'457}, kMax, -kMax}) {
    CHECK(to_duration(us, {1, 1'000'000}).count() == us);
    CHECK(to_ticks(Duration(us), {1, 1'000'000}) == us);
  }
}

TEST_CASE("ticks: there and back gives the same ticks where they are coarser") {
  for (const Rational base : {Rational{1, 90'000}, {1, 48'000}, {1001, 60'000}, {1, 1}, {7, 3}})
    for (std::int64_t ticks = -5'000'000'000; ticks < 5'000'000'000; ticks += 123'456'789)
      CHECK(to_ticks(to_duration(ticks, base), base) == ticks);
}

TEST_CASE("ticks: what does not fit saturates, and never looks unknown") {
  CHECK(to_duration(kMax, {1, 1}) == Duration::max());
  CHECK(to_duration(-kMax, {1, 1}) == Duration::min());
  CHECK(to_duration(kMax, {kMax, 1}) == Duration::max());
  CHECK(to_duration(kNoTicks, {kMax, 1}) == Duration::min());
  CHECK(to_duration(kMax, {1, kMax}) == Duration(1'000'000));
  CHECK(to_duration(kMax, {kMax, kMax}) == Duration::max());
  CHECK(to_ticks(Duration::max(), {1, 90'000'000}) == kMax);
  CHECK(to_ticks(Duration::min(), {1, 90'000'000}) == -kMax);
  CHECK(to_ticks(Duration::min(), {1, 1'000'000}) == -kMax);
  CHECK(to_ticks(Duration::max(), {1, kMax}) == kMax);
  CHECK(to_ticks(Duration::max(), {kMax, 1}) == 0);
}

TEST_CASE("ticks: a time base that is none gives zero") {
  for (const Rational base : {Rational{0, 1}, {1, 0}, {-1, 30}, {1, -30}}) {
    CHECK(to_duration(1000, base) == Duration(0));
    CHECK(to_ticks(Duration(1000), base) == 0);
  }
}
