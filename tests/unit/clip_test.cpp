#include <clipbuf/buffer.hpp>
#include <clipbuf/frame_store.hpp>

#include "support/footage.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

using namespace clipbuf;
using namespace clipbuf::test;
using namespace std::chrono_literals;

namespace {

std::string four_letters(const ClipData& clip, std::size_t at) {
  return std::string(reinterpret_cast<const char*>(clip.data.data()) + at, 4);
}

}  // namespace

TEST_CASE("clip: the report tells what is in the file") {
  const Buffer buffer = footage(100);
  const auto clip = buffer.clip({.begin = at_frame(37), .end = at_frame(80)});
  REQUIRE(clip);
  const auto data = clip->to_memory();
  REQUIRE(data);
  CHECK(data->report.frames == 43);
  CHECK(data->report.reencoded_frames == 0);
  CHECK(data->report.delivered == TimeRange{at_frame(37), at_frame(80)});
  CHECK(data->report.lead_in == 12 * kFrameTime);  // a key every 25 frames
  CHECK(data->report.complete);
  CHECK(data->report.bytes == data->data.size());
  CHECK(four_letters(*data, 4) == "ftyp");
}

TEST_CASE("clip: preview says the same as the save, before it") {
  const Buffer buffer = footage(100);
  const auto clip = buffer.clip({.last = 1s});
  REQUIRE(clip);
  const ClipReport before = clip->preview();
  const auto data = clip->to_memory();
  REQUIRE(data);
  CHECK(before.frames == data->report.frames);
  CHECK(before.delivered == data->report.delivered);
  CHECK(before.gaps == data->report.gaps);
}

TEST_CASE("clip: an unknown ending is refused before anything is written") {
  const TemporaryDirectory directory;
  const Buffer buffer = footage(30);
  const auto saved = buffer.clip({.last = 1s})->save(directory.file("clip.xyz"));
  REQUIRE_FALSE(saved);
  CHECK(saved.error().code == Errc::kInvalidArgument);
  CHECK(directory.empty());
}

TEST_CASE("clip: a cancelled save leaves no file, and can be repeated") {
  const TemporaryDirectory directory;
  const Buffer buffer = footage(100);
  const auto clip = buffer.clip({.last = 3s});
  REQUIRE(clip);
  SaveOptions options;
  options.progress = [](double) { return false; };
  const auto cancelled = clip->save(directory.file("a.mp4"), options);
  REQUIRE_FALSE(cancelled);
  CHECK(cancelled.error().code == Errc::kCancelled);
  CHECK(directory.empty());

  options.progress = [&](double) {
    clip->cancel();
    return true;
  };
  const auto from_elsewhere = clip->save(directory.file("a.mp4"), options);
  REQUIRE_FALSE(from_elsewhere);
  CHECK(from_elsewhere.error().code == Errc::kCancelled);
  CHECK(clip->save(directory.file("a.mp4")));
}

TEST_CASE("clip: a save that can't write leaves the clip as it was") {
  const TemporaryDirectory directory;
  const Buffer buffer = footage(100);
  const auto clip = buffer.clip({.last = 3s});
  REQUIRE(clip);
  const auto failed = clip->save(directory.file("missing/a.mp4"));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Errc::kStorageFailed);
  const auto saved = clip->save(directory.file("a.mp4"));
  REQUIRE(saved);
  CHECK(std::filesystem::file_size(directory.file("a.mp4")) == saved->bytes);
}

TEST_CASE("clip: it outlives its buffer, and the footage's eviction") {
  std::optional<Clip> clip;
  ClipReport before;
  {
    Buffer buffer = footage(100);
    clip = *buffer.clip({.last = 2s});
    before = clip->preview();
  }
  const auto data = clip->to_memory();
  REQUIRE(data);
  CHECK(data->report.frames == before.frames);
}

TEST_CASE("clip: a callback gets the same bytes as memory") {
  const Buffer buffer = footage(100);
  const auto clip = buffer.clip({.last = 2s});
  for (const Container container :
       {Container::kMp4, Container::kFragmentedMp4, Container::kMpegTs}) {
    SaveOptions options;
    options.container = container;
    std::vector<std::byte> got;
    const auto report = clip->write(
        [&](std::span<const std::byte> bytes) -> Result<void> {
          got.insert(got.end(), bytes.begin(), bytes.end());
          return {};
        },
        options);
    REQUIRE(report);
    const auto data = clip->to_memory(options);
    REQUIRE(data);
    CHECK(got == data->data);
  }
}

TEST_CASE("clip: a callback's error ends the save with that error") {
  const auto clip = footage(50).clip({.last = 1s});
  const auto report = clip->write([](std::span<const std::byte>) -> Result<void> {
    return Error{Errc::kStorageFull, "no"};
  });
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Errc::kStorageFull);
}

TEST_CASE("clip: reencode leaves whole groups as they are, and encodes the rest") {
  const auto clip = footage(125).clip({.begin = at_frame(37), .end = at_frame(110)});
  SaveOptions options;
  options.mode = CutMode::kReencode;
  const auto data = clip->to_memory(options);
  REQUIRE(data);
  CHECK(data->report.frames == 73);
  CHECK(data->report.reencoded_frames ==
        13);  // 37..49; the end is clean, since nothing refers to the future
  CHECK(data->report.lead_in == Duration{0});
}

TEST_CASE("clip: an empty range is an error, or a placeholder for who wants one") {
  const Buffer buffer = footage(50);
  const ClipRequest past{.begin = at_frame(-500), .end = at_frame(-400)};
  const auto refused = buffer.clip(past);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kNothingInRange);
  ClipRequest wanted = past;
  wanted.placeholder = true;
  const auto clip = buffer.clip(wanted);
  REQUIRE(clip);
  const auto data = clip->to_memory();
  REQUIRE(data);
  CHECK(data->report.placeholder);
  CHECK_FALSE(data->report.complete);
  REQUIRE(data->report.gaps.size() == 1);
  CHECK(data->report.gaps[0].reason == GapReason::kNotRecorded);
}

TEST_CASE("clip: poster and GIF are what they say") {
  const auto clip = footage(60).clip({.last = 1s});
  const auto poster = clip->poster();
  REQUIRE(poster);
  CHECK(poster->data[0] == std::byte{0xff});
  CHECK(poster->data[1] == std::byte{0xd8});
  SaveOptions options;
  options.container = Container::kGif;
  const auto gif = clip->to_memory(options);
  REQUIRE(gif);
  CHECK(four_letters(*gif, 0) == "GIF8");
}

TEST_CASE("clip: MJPEG becomes H.264 in MP4 unless the caller insists") {
  FrameStore<JpegCodec, MemoryStorage> store{{}, {}, {.keep = 60s}};
  push_frames(store, 0, 50);
  const auto clip = store.clip({.last = 1s});
  REQUIRE(clip);
  const auto encoded = clip->to_memory();
  REQUIRE(encoded);
  CHECK(encoded->report.video_codec == "h264");
  CHECK(encoded->report.reencoded_frames == encoded->report.frames);
  SaveOptions options;
  options.copy_always = true;
  const auto copied = clip->to_memory(options);
  REQUIRE(copied);
  CHECK(copied->report.video_codec == "mjpeg");
  CHECK(copied->report.reencoded_frames == 0);
}

TEST_CASE("clip: frames come back one by one, those in range and no others") {
  const auto clip = footage(100).clip({.begin = at_frame(10), .end = at_frame(20)});
  auto frames = clip->frames();
  REQUIRE(frames);
  int count = 0;
  for (;;) {
    const auto frame = frames->next();
    REQUIRE(frame);
    if (!*frame) break;
    CHECK((*frame)->timestamp() == at_frame(10 + count));
    ++count;
  }
  CHECK(count == 10);
}
