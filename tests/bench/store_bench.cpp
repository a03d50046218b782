// What the store itself costs: a push beside a bare memcpy, taking a clip, the same from a ring ten
// times longer, a push while readers read, and memory over payload. Figures are of one run, side by
// side.
#include "detail/store_core.hpp"
#include "support/store.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <thread>

using namespace clipbuf;
using namespace clipbuf::test;
using namespace std::chrono_literals;

namespace {

using Nanoseconds = std::vector<std::int64_t>;

constexpr int kFrameRate = 30;

// The median, or any other part of a thousand.
std::int64_t quantile(Nanoseconds& times, std::size_t per_mille) {
  const std::size_t at = std::min(times.size() - 1, times.size() * per_mille / 1000);
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(at), times.end());
  return times[at];
}

template <class Work>
std::int64_t time_of(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return (std::chrono::steady_clock::now() - begin) / 1ns;
}

Track bench_track() {
  Track track = video_track();
  track.time_base = {1, 90000};
  return track;
}

// Frame `n` of 30 a second: a key of six times the size every second, unless all are keys.
Packet bench_packet(int n, std::size_t average, bool all_keys) {
  const bool key = all_keys || n % kFrameRate == 0;
  const std::size_t size = all_keys ? average + static_cast<std::size_t>(n * 7919 % 2000) - 1000
                           : key    ? average * 6
                                    : average * 24 / 29;
  return packet(0, std::int64_t{n} * 3000, key, size, static_cast<unsigned>(n));
}

class Bench {
 public:
  Bench(Duration keep, std::size_t average, bool all_keys)
      : store_({}, {}, {.keep = keep}), average_(average), all_keys_(all_keys) {
    store_.add_track(bench_track()).value();
  }

  void push(int frames, Nanoseconds* times = nullptr) {
    for (int i = 0; i < frames; ++i, ++next_) {
      const Packet packet = bench_packet(next_, average_, all_keys_);
      const auto taken = time_of([&] { store_.push(packet).value(); });
      if (times != nullptr) times->push_back(taken);
    }
  }
  const CopyStore& store() const { return store_; }

 private:
  CopyStore store_;
  std::size_t average_;
  bool all_keys_;
  int next_ = 0;
};

// A copy into memory that was written before, as the floor of what a push can cost.
std::int64_t memcpy_median(int packets, std::size_t average) {
  std::vector<std::byte> ring(64 << 20);
  std::memset(ring.data(), 1, ring.size());
  Nanoseconds times;
  std::size_t at = 0;
  for (int n = 0; n < packets; ++n) {
    const Packet packet = bench_packet(n, average, false);
    if (at + packet.data.size() > ring.size()) at = 0;
    times.push_back(
        time_of([&] { std::memcpy(ring.data() + at, packet.data.data(), packet.data.size()); }));
    at += packet.data.size();
  }
  return quantile(times, 500);
}

Nanoseconds take_times(const CopyStore& store, int rounds) {
  Nanoseconds times;
  for (int i = 0; i < rounds; ++i)
    times.push_back(time_of([&] { store.core()->snapshot({.last = 30s}).value(); }));
  return times;
}

// Pushes while readers take clips of 30 s and read them through.
void push_with_readers(Bench& bench, int frames, Nanoseconds& times) {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> read{0};
  const auto read_clips = [&] {
    while (!stop) {
      const auto snapshot = bench.store().core()->snapshot({.last = 30s}).value();
      for (const auto& entry : snapshot.segments) {
        const auto reader = entry.segment->read().value();
        while (const Packet* packet = reader->next().value())
          read += packet->data.size();
        std::this_thread::sleep_for(1ms);  // as a disk would make it wait
      }
    }
  };
  std::thread reader(read_clips);
  bench.push(frames, &times);
  stop = true;
  reader.join();
}

void print_times(const char* what, Nanoseconds& times) {
  std::printf("%-44s median %7.2f us   p99.9 %8.2f us\n", what,
              static_cast<double>(quantile(times, 500)) / 1000,
              static_cast<double>(quantile(times, 999)) / 1000);
}

void print_ratio(const char* what, double ratio) {
  std::printf("%-44s %.3f\n", what, ratio);
}

double held_over_payload(Duration keep, std::size_t average, bool all_keys) {
  Bench bench(keep, average, all_keys);
  bench.push(static_cast<int>(keep / 1s) * kFrameRate * 2);
  const BufferStatus status = bench.store().status();
  return static_cast<double>(status.bytes_held) / static_cast<double>(status.stored.bytes);
}

}  // namespace

int main(int argc, char** argv) {
  const bool smoke = argc > 1 && std::strcmp(argv[1], "--smoke") == 0;
  const Duration keep = smoke ? Duration(5s) : Duration(5min);
  const int frames = static_cast<int>(keep / 1s) * kFrameRate;

  const auto floor = memcpy_median(frames, 8000);
  Bench bench(keep, 8000, false);
  bench.push(frames + kFrameRate * 2);
  Nanoseconds push;
  bench.push(frames, &push);
  print_times("push, 8 KB H.264, full ring", push);
  print_ratio("  over a warm memcpy (median)",
              static_cast<double>(quantile(push, 500)) /
                  static_cast<double>(std::max<std::int64_t>(floor, 1)));
  Nanoseconds take = take_times(bench.store(), 2000);
  print_times("take a 30 s clip", take);

  Bench longer(keep * 10, 800, false);
  longer.push(frames * 10 + kFrameRate * 2);
  Nanoseconds longer_push;
  longer.push(frames, &longer_push);
  Bench shorter(keep, 800, false);
  shorter.push(frames + kFrameRate * 2);
  Nanoseconds shorter_push;
  shorter.push(frames, &shorter_push);
  Nanoseconds longer_take = take_times(longer.store(), 2000);
  Nanoseconds shorter_take = take_times(shorter.store(), 2000);
  print_ratio("push, ring ten times longer over ring",
              static_cast<double>(quantile(longer_push, 500)) /
                  static_cast<double>(quantile(shorter_push, 500)));
  print_ratio("take, ring ten times longer over ring",
              static_cast<double>(quantile(longer_take, 500)) /
                  static_cast<double>(quantile(shorter_take, 500)));

  Nanoseconds quiet;
  bench.push(frames, &quiet);
  Nanoseconds busy;
  push_with_readers(bench, frames, busy);
  print_times("push, nobody reads", quiet);
  print_times("push, clips are taken and read", busy);
  print_ratio("  p99.9 over p99.9",
              static_cast<double>(quantile(busy, 999)) / static_cast<double>(quantile(quiet, 999)));

  const double h264 = held_over_payload(keep, 8000, false);
  const double jpeg = held_over_payload(keep, 60'000, true);
  print_ratio("bytes held over payload, H.264", h264);
  print_ratio("bytes held over payload, JPEG", jpeg);
  // What can't be luck: the rest depends on the machine and is for people to read.
  const bool compact = smoke || (h264 <= 1.02 && jpeg <= 1.02);
  return compact ? 0 : 1;
}
