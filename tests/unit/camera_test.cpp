#include <clipbuf/camera.hpp>

#include "support/footage.hpp"
#include "support/remux.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

namespace clipbuf::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string street() {
  return CLIPBUF_TEST_DATA "/street.mp4";
}

Config pattern_config() {
  Config config;
  config.source = "pattern:";
  config.size = "64x48";
  config.fps = 100;
  config.codec = "jpeg";
  return config;
}

/// Collects states and lets a test wait for one.
class States {
 public:
  void add(CameraState state) {
    const std::lock_guard lock(mutex_);
    seen_.push_back(state);
    changed_.notify_all();
  }
  bool wait_for(CameraState state) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(20), [&] {
      return std::find(seen_.begin(), seen_.end(), state) != seen_.end();
    });
  }
  std::vector<CameraState> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<CameraState> seen_;
};

Camera open_camera(const Config& config) {
  auto camera = Camera::open(config);
  REQUIRE_MESSAGE(camera.has_value(), (camera ? "" : camera.error().message));
  return *std::move(camera);
}

bool wait_for_packets(const Camera& camera, std::uint64_t count) {
  const auto deadline = std::chrono::steady_clock::now() + seconds(20);
  std::uint64_t have = 0;
  while (have < count && std::chrono::steady_clock::now() < deadline) {
    have = camera.buffer().wait_for_packets(have, seconds(1));
  }
  return have >= count;
}

}  // namespace

TEST_CASE("camera: what can't be opened is an error, with no thread left behind") {
  Config config;
  config.source = "/nonexistent/camera.mp4";
  CHECK(Camera::open(config).error().code == Errc::kSourceUnavailable);
  config.source.clear();
  CHECK(Camera::open(config).error().code == Errc::kInvalidArgument);
  config = pattern_config();
  config.codec = "copy";
  const auto copy = Camera::open(config);
  REQUIRE_FALSE(copy);
  CHECK(copy.error().code == Errc::kInvalidArgument);
  CHECK(copy.error().message.find("copy") != std::string::npos);
}

TEST_CASE("camera: a file is stored whole, and its end is the end") {
  Config config;
  config.source = street();
  Camera camera = open_camera(config);
  REQUIRE(camera.wait_until_ended(seconds(20)));
  CHECK(camera.state() == CameraState::kEnded);
  const CameraStatus status = camera.status();
  CHECK(status.source == street());
  CHECK(status.buffer.frames == 240);
  CHECK(status.buffer.runs == 1);
  CHECK_FALSE(status.last_error);
  CHECK(status.reconnects == 0);
  CHECK(status.buffer.covered.length() == seconds(24));
  camera.close();
  CHECK(camera.state() == CameraState::kClosed);
  CHECK(camera.clip({.last = seconds(2)}));
}

TEST_CASE("camera: frames are encoded, and what is asked for is counted") {
  Camera camera = open_camera(pattern_config());
  REQUIRE(wait_for_packets(camera, 10));
  const CameraStatus status = camera.status();
  CHECK(status.state == CameraState::kRunning);
  CHECK(status.fps_in > 0);
  CHECK(status.last_packet_age < seconds(5));
  CHECK(status.description.find("pattern: 64x48") == 0);
  REQUIRE(status.buffer.tracks.size() == 1);
  CHECK(status.buffer.tracks[0].codec == "mjpeg");
}

TEST_CASE("camera: packets of another codec than the wanted one are decoded and encoded anew") {
  const TemporaryDirectory folder;
  const std::string path = folder.file("b.avi");
  remux(encode("mpeg4", 20, 64, 48, 2), "avi", path);
  Config config;
  config.source = path;
  config.codec = "jpeg";
  Camera camera = open_camera(config);
  REQUIRE(camera.wait_until_ended(seconds(20)));
  const CameraStatus status = camera.status();
  CHECK(status.buffer.tracks.at(0).codec == "mjpeg");
  CHECK(status.buffer.frames == 20);
  CHECK(status.buffer.covered.length() == milliseconds(20 * 40));
  CHECK(status.description.find("re-encoded from mpeg4") != std::string::npos);
}

TEST_CASE("camera: closing is quick, from anywhere, any number of times") {
  Config config;
  config.source = street();
  config.realtime = config.loop = true;
  Camera camera = open_camera(config);
  States states;
  camera.on_state([&](CameraState state) { states.add(state); });
  REQUIRE(wait_for_packets(camera, 3));
  const auto start = std::chrono::steady_clock::now();
  std::thread other([&] { camera.close(); });
  camera.close();
  other.join();
  camera.close();
  CHECK(std::chrono::steady_clock::now() - start < seconds(1));
  CHECK(camera.state() == CameraState::kClosed);
  CHECK(states.seen() == std::vector{CameraState::kClosed});
  CHECK(camera.wait_until_ended(Duration{0}));
}

TEST_CASE("camera: closing it in its own callback does not lock up") {
  const TemporaryDirectory folder;
  const std::string path = folder.file("short.avi");
  remux(encode("mpeg4", 5, 64, 48, 0), "avi", path);
  Config config;
  config.source = path;
  config.realtime = true;
  Camera camera = open_camera(config);
  States states;
  camera.on_state([&](CameraState state) {
    camera.close();
    states.add(state);
  });
  CHECK(states.wait_for(CameraState::kEnded));
  CHECK(states.wait_for(CameraState::kClosed));
}

TEST_CASE("camera: a source that goes away comes back as a new run") {
  const TemporaryDirectory folder;
  const std::string path = folder.file("cam.avi");
  const std::string away = folder.file("away.avi");
  remux(encode("mpeg4", 5, 64, 48, 0), "avi", path);
  Config config;
  config.source = path;
  config.realtime = config.loop = true;  // opened anew for each round
  config.reconnect_delay = config.reconnect_delay_max = milliseconds(20);
  std::atomic<int> lines{0};
  config.log = [&](LogLevel, std::string_view, std::string_view) { ++lines; };
  Camera camera = open_camera(config);
  States states;
  camera.on_state([&](CameraState state) { states.add(state); });
  REQUIRE(wait_for_packets(camera, 3));
  std::filesystem::rename(path, away);
  REQUIRE(states.wait_for(CameraState::kReconnecting));
  const std::uint64_t before = camera.status().buffer.in.packets;
  REQUIRE(camera.status().last_error);
  CHECK(camera.status().last_error->message.find("no such file") != std::string::npos);
  std::filesystem::rename(away, path);
  REQUIRE(states.wait_for(CameraState::kRunning));
  REQUIRE(wait_for_packets(camera, before + 3));
  const CameraStatus status = camera.status();
  CHECK(status.reconnects == 1);
  CHECK(status.buffer.runs_begun >= 2);
  CHECK(lines > 0);
  camera.close();
}

TEST_CASE("camera: closed while it waits to reconnect; and without reconnecting it ends") {
  for (const bool reconnect : {true, false}) {
    const TemporaryDirectory folder;
    const std::string path = folder.file("cam.avi");
    remux(encode("mpeg4", 5, 64, 48, 0), "avi", path);
    Config config;
    config.source = path;
    config.realtime = config.loop = true;
    config.reconnect = reconnect;
    config.reconnect_delay = config.reconnect_delay_max = seconds(100);
    Camera camera = open_camera(config);
    States states;
    camera.on_state([&](CameraState state) { states.add(state); });
    REQUIRE(wait_for_packets(camera, 1));
    std::filesystem::remove(path);
    REQUIRE(states.wait_for(reconnect ? CameraState::kReconnecting : CameraState::kEnded));
    CHECK(camera.status().last_error);
    const auto start = std::chrono::steady_clock::now();
    camera.close();
    CHECK(std::chrono::steady_clock::now() - start < seconds(1));
  }
}

TEST_CASE("camera: moved, replaced and destroyed while it runs") {
  Camera camera = open_camera(pattern_config());
  Camera other = std::move(camera);
  REQUIRE(wait_for_packets(other, 1));
  other = open_camera(pattern_config());
  CHECK(other.state() == CameraState::kRunning);
}

TEST_CASE("camera: credentials are in no output") {
  std::string log;
  std::mutex mutex;
  Config config;
  config.source = "rtsp://user:CANARY@127.0.0.1:1/x?token=CANARY";
  config.open_timeout = seconds(5);
  config.log = [&](LogLevel, std::string_view, std::string_view line) {
    const std::lock_guard lock(mutex);
    log += line;
  };
  const auto camera = Camera::open(config);
  REQUIRE_FALSE(camera);
  CHECK(camera.error().message.find("CANARY") == std::string::npos);
  CHECK(camera.error().message.find("127.0.0.1") != std::string::npos);
  const std::lock_guard lock(mutex);
  CHECK(log.find("CANARY") == std::string::npos);
}

}  // namespace clipbuf::test
