#include <clipbuf/config.hpp>

#include <doctest/doctest.h>

using namespace clipbuf;
using namespace std::chrono_literals;

TEST_CASE("config: every default reads back as itself") {
  Config config;
  for (const OptionInfo& option : config_options()) {
    CAPTURE(option.key);
    CHECK(!option.help.empty());
    REQUIRE(config.get(option.key));
    CHECK(*config.get(option.key) == option.default_value);
    REQUIRE(config.set(option.key, option.default_value));
    CHECK(*config.get(option.key) == option.default_value);
  }
  CHECK(config.keep == Config{}.keep);
  CHECK(config_options().size() == 26);
}

TEST_CASE("config: options of every type are set from text") {
  Config config;
  REQUIRE(config.set("keep", "90s"));
  CHECK(config.keep == 90s);
  REQUIRE(config.set("max_bytes", "1GiB"));
  CHECK(config.max_bytes == 1u << 30);
  CHECK(*config.get("max_bytes") == "1G");
  REQUIRE(config.set("max_bytes", "1500"));
  CHECK(config.max_bytes == 1500);
  REQUIRE(config.set("jpeg_quality", "100"));
  CHECK(config.jpeg_quality == 100);
  REQUIRE(config.set("fps", "29.97"));
  CHECK(config.fps == 29.97);
  REQUIRE(config.set("loop", "yes"));
  CHECK(config.loop);
  REQUIRE(config.set("size", "640x480"));
  CHECK(config.size == "640x480");
}

TEST_CASE("config: an unknown key names the nearest one") {
  Config config;
  const auto result = config.set("max_byte", "1");
  REQUIRE(!result);
  CHECK(result.error().code == Errc::kInvalidArgument);
  CHECK(result.error().message.find("max_bytes") != std::string::npos);
  CHECK(config.get("").error().code == Errc::kInvalidArgument);
  CHECK(!config.set(std::string(100'000, 'x'), "1"));
}

TEST_CASE("config: a value that doesn't fit is refused with the limits, and changes nothing") {
  struct Bad {
    const char* key;
    const char* value;
  };
  for (const Bad bad :
       {Bad{"keep", "-1s"}, Bad{"keep", "soon"}, Bad{"jpeg_quality", "0"},
        Bad{"jpeg_quality", "101"}, Bad{"jpeg_quality", "9x"}, Bad{"max_bytes", "12Q"},
        Bad{"max_bytes", "-1"}, Bad{"max_bytes", "99999999999999999999"},
        Bad{"max_bytes", "99999999999T"}, Bad{"fps", "nan"}, Bad{"fps", "-1"},
        Bad{"audio", "maybe"}, Bad{"size", "640"}, Bad{"size", "0x480"},
        Bad{"rtsp_transport", "pigeon"}, Bad{"codec", ""}, Bad{"open_timeout", "0"}}) {
    CAPTURE(bad.key);
    CAPTURE(bad.value);
    Config config;
    const auto result = config.set(bad.key, bad.value);
    REQUIRE(!result);
    CHECK(result.error().code == Errc::kInvalidArgument);
    CHECK(result.error().message.find(bad.key) != std::string::npos);
    CHECK(*config.get(bad.key) == *Config{}.get(bad.key));
  }
  Config config;
  CHECK(config.set("jpeg_quality", "101").error().message.find("100") != std::string::npos);
}
