#include <clipbuf/recording.hpp>

#include "support/footage.hpp"

#include <doctest/doctest.h>

#include <filesystem>

using namespace clipbuf;
using namespace clipbuf::test;
using namespace std::chrono_literals;

TEST_CASE("recording: pre-roll, what comes while it runs, and nothing else") {
  const TemporaryDirectory directory;
  Buffer buffer = footage(60);
  auto recording = Recording::start(buffer, directory.file("visit.mp4"), {.pre_roll = 1s});
  REQUIRE(recording);
  push_frames(buffer, 60, 130);
  REQUIRE(buffer.finish());
  const auto report = recording->stop();
  REQUIRE(report);
  CHECK(report->frames == 25 + 70);
  CHECK(report->delivered == TimeRange{at_frame(35), at_frame(130)});
  CHECK(report->complete);
  CHECK(report->reencoded_frames == 0);
  CHECK(std::filesystem::file_size(directory.file("visit.mp4")) == report->bytes);
  CHECK_FALSE(std::filesystem::exists(directory.file("visit.part.mp4")));
  const auto again = recording->stop();
  REQUIRE(again);
  CHECK(again->bytes == report->bytes);
}

TEST_CASE("recording: any number at once, each its own range") {
  const TemporaryDirectory directory;
  Buffer buffer = footage(50);
  auto one = Recording::start(buffer, directory.file("1.mp4"), {.pre_roll = 1s});
  push_frames(buffer, 50, 75);
  REQUIRE(buffer.finish());
  auto two = Recording::start(buffer, directory.file("2.mp4"));
  push_frames(buffer, 75, 100);
  REQUIRE(buffer.finish());
  REQUIRE(one);
  REQUIRE(two);
  CHECK(one->stop()->frames == 75);
  CHECK(two->stop()->frames == 25);
}

TEST_CASE("recording: a pre-roll longer than the buffer is reported as a gap") {
  const TemporaryDirectory directory;
  Buffer buffer = footage(25);
  auto recording = Recording::start(buffer, directory.file("a.mp4"), {.pre_roll = 10s});
  REQUIRE(recording);
  const auto report = recording->stop();
  REQUIRE(report);
  CHECK(report->frames == 25);
  REQUIRE(report->gaps.size() == 1);
  CHECK(report->gaps[0].reason == GapReason::kNotRecorded);
  CHECK(report->gaps[0].range.end == at_frame(0));
  CHECK_FALSE(report->complete);
}

TEST_CASE("recording: a run that is away for a while is a gap, held in the file") {
  const TemporaryDirectory directory;
  Buffer buffer = footage(50);
  auto recording = Recording::start(buffer, directory.file("a.mp4"), {.pre_roll = 1s});
  REQUIRE(recording);
  REQUIRE(buffer.begin_run(RunReason::kReconnect));
  push_frames(buffer, 100, 125);
  REQUIRE(buffer.finish());
  const auto report = recording->stop();
  REQUIRE(report);
  CHECK(report->frames == 50);
  REQUIRE(report->gaps.size() == 1);
  CHECK(report->gaps[0] == Gap{{at_frame(50), at_frame(100)}, GapReason::kSourceLost});
  CHECK(report->delivered == TimeRange{at_frame(25), at_frame(125)});
}

TEST_CASE("recording: nothing came: an error, and no file") {
  const TemporaryDirectory directory;
  FrameStore<VideoCodec, MemoryStorage> store;
  auto recording = Recording::start(store, directory.file("a.mp4"));
  REQUIRE(recording);
  const auto report = recording->stop();
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Errc::kNothingInRange);
  CHECK(directory.empty());
}

TEST_CASE("recording: started on an empty buffer it begins with the first picture") {
  const TemporaryDirectory directory;
  VideoCodec::Options codec;
  codec.encoder = "libx264";
  FrameStore<VideoCodec, MemoryStorage> store{codec};
  auto recording = Recording::start(store, directory.file("a.mp4"), {.pre_roll = 5s});
  REQUIRE(recording);
  push_frames(store, 0, 30);
  REQUIRE(store.finish());
  const auto report = recording->stop();
  REQUIRE(report);
  CHECK(report->frames == 30);
  CHECK(report->delivered.begin == at_frame(0));
}

TEST_CASE("recording: destroying it saves it") {
  const TemporaryDirectory directory;
  Buffer buffer = footage(50);
  {
    auto recording = Recording::start(buffer, directory.file("a.mp4"), {.pre_roll = 1s});
    REQUIRE(recording);
  }
  CHECK(std::filesystem::exists(directory.file("a.mp4")));
  CHECK_FALSE(std::filesystem::exists(directory.file("a.part.mp4")));
}

TEST_CASE("recording: wrong words are refused") {
  const Buffer buffer = footage(10);
  CHECK(Recording::start(buffer, "a.mkv").error().code == Errc::kInvalidArgument);
  CHECK(Recording::start(buffer, "a.mp4", {.pre_roll = -1s}).error().code ==
        Errc::kInvalidArgument);
}

TEST_CASE("recording: JPEG pictures are encoded as they come") {
  const TemporaryDirectory directory;
  FrameStore<JpegCodec, MemoryStorage> store{{}, {}, {.keep = 60s}};
  push_frames(store, 0, 50);
  auto recording = Recording::start(store, directory.file("a.mp4"), {.pre_roll = 1s});
  REQUIRE(recording);
  push_frames(store, 50, 60);
  REQUIRE(store.finish());
  const auto report = recording->stop();
  REQUIRE(report);
  CHECK(report->frames == 35);
  CHECK(report->video_codec == "h264");
  CHECK(report->reencoded_frames == 35);
}
