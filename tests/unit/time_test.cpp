#include <clipbuf/time.hpp>

#include <doctest/doctest.h>

#include <random>

using namespace clipbuf;
using namespace std::chrono_literals;

TEST_CASE("time: durations are read as people write them") {
  CHECK(*parse_duration("12.4s") == 12'400ms);
  CHECK(*parse_duration("1m30s") == 90s);
  CHECK(*parse_duration("1h2m3.5s") == 3'723'500ms);
  CHECK(*parse_duration("250ms") == 250ms);
  CHECK(*parse_duration("40us") == 40us);
  CHECK(*parse_duration("2h") == 2h);
  CHECK(*parse_duration("90") == 90s);
  CHECK(*parse_duration(".5") == 500ms);
  CHECK(*parse_duration("-3.5s") == -3'500ms);
  CHECK(*parse_duration("0.0000004s") == 0us);
  CHECK(*parse_duration("0.0000005s") == 1us);
}

TEST_CASE("time: what is no duration is refused in one line") {
  for (const char* bad : {"", "s", "abc", "1m30", "1x", "--1", "1 s", "1.2.3", "5mm", "-", "1e3",
                          "99999999999999999999", "9999999999h"}) {
    CAPTURE(bad);
    const auto parsed = parse_duration(bad);
    REQUIRE(!parsed);
    CHECK(parsed.error().code == Errc::kInvalidArgument);
    CHECK(parsed.error().message.find('\n') == std::string::npos);
  }
}

TEST_CASE("time: a duration's text is read back as the same") {
  CHECK(to_string(Duration(90s)) == "1m30s");
  CHECK(to_string(Duration(90'500ms)) == "1m30.5s");
  CHECK(to_string(Duration(0)) == "0s");
  CHECK(to_string(Duration(250ms)) == "250ms");
  CHECK(to_string(Duration(5min)) == "5m");
  CHECK(to_string(Duration(-1500us)) == "-1.5ms");
  std::mt19937_64 random(6);
  for (int i = 0; i < 10'000; ++i) {
    const Duration duration(static_cast<std::int64_t>(random()) >> (random() % 63));
    CAPTURE(duration.count());
    CHECK(*parse_duration(to_string(duration)) == duration);
  }
}

TEST_CASE("time: timestamps are read as RFC 3339 or seconds, and written in UTC") {
  const Timestamp ten{std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + 10h};
  CHECK(*parse_timestamp("2026-11-22T10:00:00Z") == ten);
  CHECK(*parse_timestamp("2026-11-22T10:00:00.25Z") == ten + 250ms);
  CHECK(*parse_timestamp("2026-11-22 11:00:00+01:00") == ten);
  CHECK(*parse_timestamp("2026-11-22t09:30:00-00:30") == ten);
  CHECK(*parse_timestamp("1700000000.5") == Timestamp(1'700'000'000'500ms));
  CHECK(to_string(ten + 250ms) == "2026-11-22T10:00:00.250000Z");
  CHECK(to_string(Timestamp{}) == "1970-01-01T00:00:00.000000Z");
  std::mt19937_64 random(7);
  for (int i = 0; i < 10'000; ++i) {
    const Timestamp time{Duration(static_cast<std::int64_t>(random() % 8'000'000'000'000'000))};
    CHECK(*parse_timestamp(to_string(time)) == time);
  }
}

TEST_CASE("time: what is no timestamp is refused") {
  for (const char* bad : {"", "now", "2026-11-22", "2026-02-30T00:00:00Z", "2026-11-22T24:00:00Z",
                          "2026-11-22T10:00Z", "2026-11-22T10:00:00", "2026-11-22T10:00:00.Z",
                          "2026-11-22T10:00:00+25:00", "1m30s"}) {
    CAPTURE(bad);
    REQUIRE(!parse_timestamp(bad));
    CHECK(parse_timestamp(bad).error().code == Errc::kInvalidArgument);
  }
}

TEST_CASE("time: a range is half open") {
  const TimeRange range{Timestamp(1s), Timestamp(2s)};
  CHECK(range.contains(Timestamp(1s)));
  CHECK(!range.contains(Timestamp(2s)));
  CHECK(range.length() == 1s);
  CHECK(TimeRange{Timestamp(2s), Timestamp(2s)}.empty());
}

TEST_CASE("time: the machine's clocks go on") {
  const Duration steady = system_clock().steady();
  CHECK(system_clock().steady() >= steady);
  CHECK(system_clock().wall() > Timestamp(1'600'000'000s));
}
