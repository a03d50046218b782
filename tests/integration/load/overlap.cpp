// 20 overlapping clips are taken and saved while packets are pushed at full speed.
//
//     overlap STREET.MP4 FOLDER
//
// Prints one JSON report per clip; the script that runs it judges the files. Ends with 1 when a
// packet was dropped or the books don't balance.
#include "street.hpp"

#include <atomic>
#include <future>
#include <random>
#include <thread>

using namespace std::chrono_literals;
using clipbuf::Duration;

namespace {

constexpr std::size_t kClips = 20;

// Twenty clips of the last 30 to 90 seconds that all have a moment in common. Hours of footage go
// by in a second here, so a thread that is held up between two of them has to begin again.
std::vector<clipbuf::Clip> take_clips(const clipbuf::Buffer& buffer, Duration& slowest) {
  std::minstd_rand random(1);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    std::vector<clipbuf::Clip> clips;
    clipbuf::TimeRange common{clipbuf::Timestamp::min(), clipbuf::Timestamp::max()};
    for (std::size_t i = 0; i < kClips; ++i) {
      clipbuf::ClipRequest wanted;
      wanted.last = Duration(30s) + 1ms * (random() % 60'000);
      const auto before = std::chrono::steady_clock::now();
      clips.push_back(load::must(buffer.clip(wanted), "clip"));
      const auto took = std::chrono::steady_clock::now() - before;
      slowest = std::max(slowest, std::chrono::duration_cast<Duration>(took));
      common.begin = std::max(common.begin, clips.back().requested().begin);
      common.end = std::min(common.end, clips.back().requested().end);
    }
    if (!common.empty()) return clips;
  }
  load::give_up("no 20 clips that overlap in 1000 attempts");
}

clipbuf::ClipReport save(const clipbuf::Clip& clip, const std::string& path) {
  clipbuf::SaveOptions options;
  options.fsync = false;
  return load::must(clip.save(path, options), "save");
}

void check_books(const clipbuf::BufferStatus& status) {
  const auto& dropped = status.dropped;
  const auto lost =
      dropped.no_key_frame.packets + dropped.no_room.packets + dropped.storage_error.packets;
  if (lost != 0) load::give_up(std::to_string(lost) + " packets dropped");
  if (status.in.packets != status.stored.packets + status.evicted.packets) {
    load::give_up("in " + std::to_string(status.in.packets) + " is not stored " +
                  std::to_string(status.stored.packets) + " + evicted " +
                  std::to_string(status.evicted.packets));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) load::give_up("usage: overlap STREET.MP4 FOLDER");
  const load::Street street(argv[1]);
  clipbuf::Config config;
  config.keep = 10min;
  auto buffer = load::must(clipbuf::Buffer::create(config), "create");
  const auto id = load::must(buffer.add_track(street.track()), "add_track");

  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> pushed{0};
  std::thread writer([&] {
    for (std::uint64_t n = 0; !stop; ++n) {
      load::must(buffer.push(street.packet(n, id)), "push");
      pushed = n + 1;
    }
  });
  while (pushed < 6000)
    std::this_thread::sleep_for(1ms);  // ten minutes of footage

  Duration slowest{0};
  std::vector<clipbuf::Clip> clips = take_clips(buffer, slowest);
  const std::uint64_t before = pushed;
  std::vector<std::future<clipbuf::ClipReport>> saves;
  for (const clipbuf::Clip& clip : clips) {
    const std::string path = std::string(argv[2]) + "/" + std::to_string(saves.size()) + ".mp4";
    saves.push_back(std::async(std::launch::async, [&clip, path] { return save(clip, path); }));
  }
  for (auto& saving : saves)
    std::puts(saving.get().to_json().c_str());
  const std::uint64_t during = pushed - before;
  stop = true;
  writer.join();
  clips.clear();
  check_books(buffer.status());
  std::fprintf(
      stderr, "%llu packets pushed while %zu clips were saved; slowest taking of a clip %lld us\n",
      static_cast<unsigned long long>(during), kClips, static_cast<long long>(slowest.count()));
  // Otherwise nothing was tested. The buffer is full, so each of them also made it evict.
  if (during < 1000) load::give_up("only " + std::to_string(during) + " packets pushed meanwhile");
}
