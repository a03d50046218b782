#include <clipbuf/buffer.hpp>

#include "support/store.hpp"

#include <doctest/doctest.h>

using namespace clipbuf;
using namespace clipbuf::test;
using namespace std::chrono_literals;

namespace {

// Thirty frames of one second through a codec chosen by name.
Buffer filled(const std::string& codec) {
  Config config;
  config.codec = codec;
  Buffer buffer = *Buffer::create(config);
  for (int n = 0; n < 30; ++n)
    REQUIRE(buffer.push(picture(PixelFormat::kYuv420p, 64, 48, n, media(n * 40)).view()));
  REQUIRE(buffer.finish());
  return buffer;
}

}  // namespace

TEST_CASE("buffer: the codec is chosen by name") {
  for (const char* codec : {"raw", "jpeg", "mpeg4", "auto"}) {
    CAPTURE(codec);
    const Buffer buffer = filled(codec);
    CHECK(buffer.status().stored.packets == 30);
    const auto frame = buffer.frame_at(media(400));
    REQUIRE(frame);
    CHECK(frame->timestamp() == media(400));
    CHECK(frame->format() == PixelFormat::kBgr24);
  }
  CHECK(filled("raw").status().tracks.at(0).codec == "rawvideo");
  CHECK(filled("jpeg").status().tracks.at(0).codec == "mjpeg");
}

TEST_CASE("buffer: frames are refused where only packets pass") {
  Config config;
  config.codec = "copy";
  Buffer buffer = *Buffer::create(config);
  const auto pushed = buffer.push(picture(PixelFormat::kBgr24, 64, 48, 1).view());
  REQUIRE(!pushed);
  CHECK(pushed.error().code == Errc::kUnsupported);
  CHECK(buffer.status().dropped.not_encoded.packets == 1);
}

TEST_CASE("buffer: what can't be made is refused when it is made") {
  Config config;
  config.store = "tape";
  CHECK(Buffer::create(config).error().code == Errc::kUnsupported);
  config.store = "memory";
  config.max_bytes = 1000;
  CHECK(Buffer::create(config).error().code == Errc::kInvalidArgument);
  config.max_bytes = 0;
  config.keep = -1s;
  CHECK(Buffer::create(config).error().code == Errc::kInvalidArgument);
}

TEST_CASE("buffer: copies share the store") {
  Buffer buffer = filled("raw");
  const Buffer copy = buffer;
  REQUIRE(buffer.begin_run(RunReason::kReconnect));
  CHECK(copy.status().in.packets == 30);
  CHECK(copy.clip({.last = 1s})->preview().frames == 25);
}
