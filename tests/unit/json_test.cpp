#include "detail/json.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <random>

using clipbuf::detail::json_quote;
using clipbuf::detail::JsonWriter;

TEST_CASE("json: objects, arrays and every kind of value read back as they were") {
  JsonWriter writer;
  writer.begin_object()
      .field("text", "a \"b\" \\ c\n\t\x01")
      .field("largest", std::numeric_limits<std::int64_t>::max())
      .field("smallest", std::numeric_limits<std::int64_t>::min())
      .field("unsigned", std::numeric_limits<std::uint64_t>::max())
      .field("int", -7)
      .field("yes", true)
      .field("third", 1.0 / 3.0)
      .key("empty")
      .begin_object()
      .end_object()
      .key("list")
      .begin_array()
      .value(1)
      .value("two")
      .begin_array()
      .end_array()
      .value(false)
      .end_array()
      .field("last", std::string("end"))
      .end_object();
  const std::string text = std::move(writer).take();
  CHECK(text.find('\n') == std::string::npos);
  const auto parsed = nlohmann::json::parse(text);
  CHECK(parsed.size() == 10);
  CHECK(parsed["text"] == "a \"b\" \\ c\n\t\x01");
  CHECK(parsed["largest"] == std::numeric_limits<std::int64_t>::max());
  CHECK(parsed["smallest"] == std::numeric_limits<std::int64_t>::min());
  CHECK(parsed["unsigned"] == std::numeric_limits<std::uint64_t>::max());
  CHECK(parsed["int"] == -7);
  CHECK(parsed["yes"] == true);
  CHECK(parsed["third"].get<double>() == 1.0 / 3.0);
  CHECK(parsed["empty"].empty());
  CHECK(parsed["list"] == nlohmann::json::parse(R"([1, "two", [], false])"));
  CHECK(parsed["last"] == "end");
}

TEST_CASE("json: numbers that JSON has no word for are null") {
  JsonWriter writer;
  writer.begin_array()
      .value(std::nan(""))
      .value(HUGE_VAL)
      .value(-HUGE_VAL)
      .value(1e308)
      .end_array();
  CHECK(std::move(writer).take() == "[null,null,null,1e+308]");
}

TEST_CASE("json: bytes that are no UTF-8 are replaced, well-formed text stays") {
  const std::string mark = "\xEF\xBF\xBD";
  CHECK(json_quote("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x8E\xA5") ==
        "\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x8E\xA5\"");
  CHECK(json_quote("a\xFF"
                   "b") == "\"a" + mark + "b\"");
  CHECK(json_quote("\xC0\xAF") == "\"" + mark + mark + "\"");             // overlong
  CHECK(json_quote("\xED\xA0\x80") == "\"" + mark + mark + mark + "\"");  // a surrogate
  CHECK(json_quote("\xF4\x90\x80\x80") ==
        "\"" + mark + mark + mark + mark + "\"");  // past U+10FFFF
  CHECK(json_quote("cut \xE2\x82") == "\"cut " + mark + mark + "\"");
  CHECK(json_quote(std::string_view("\0\x7F", 2)) == "\"\\u0000\\u007f\"");
}

TEST_CASE("json: a strict parser accepts strings of any bytes") {
  std::mt19937 random(20);
  for (int round = 0; round < 2000; ++round) {
    std::string text(random() % 24, '\0');
    // Mostly lead and continuation bytes, where mistakes would be.
    for (char& c : text)
      c = static_cast<char>(random() % 3 == 0 ? random() % 256 : 0x80 + random() % 128);
    const auto parsed = nlohmann::json::parse(json_quote(text), nullptr, false);
    REQUIRE(parsed.is_string());
  }
}
