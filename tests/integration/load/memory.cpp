// Five minutes of 640x480 at 30 frames a second, encoded as H.264, within 100 MB of this process.
//
//     memory STREET.MP4 [LIMIT-IN-MB]
//
// The street scene is decoded anew for each round, so that the pictures are real and nothing but
// the buffer grows. Prints the peak of the resident set as the kernel counts it.
#include "street.hpp"

#include <chrono>
#include <fstream>

using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kFrames = 9000;  // 300 s at 30 a second
constexpr double kRawBytes = 9000.0 * 640 * 480 * 3;

long peak_kilobytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    long value = 0;
    if (word == "VmHWM:" && status >> value) return value;
  }
  load::give_up("no VmHWM in /proc/self/status");
}

void push_frames(clipbuf::Buffer& buffer, const load::Street& street) {
  std::uint64_t pushed = 0;
  const clipbuf::Timestamp start(std::chrono::hours(480'000));
  const auto sink = [&](const clipbuf::FrameView& picture, std::int64_t) -> clipbuf::Result<void> {
    clipbuf::FrameView frame = picture;
    frame.timestamp =
        start + clipbuf::Duration(static_cast<std::int64_t>(pushed++) * 1'000'000 / 30);
    return buffer.push(frame);
  };
  auto decoder = load::must(clipbuf::make_decoder(street.track()), "make_decoder");
  for (std::uint64_t n = 0; n < kFrames; ++n) {
    load::must(decoder->decode(street.packet(n, 0), sink), "decode and push");
  }
  load::must(decoder->flush(sink), "flush");
  load::must(buffer.finish(), "finish");
  if (pushed != kFrames) load::give_up(std::to_string(pushed) + " frames pushed, not 9000");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) load::give_up("usage: memory STREET.MP4 [LIMIT-IN-MB]");
  const long limit_mb = argc > 2 ? std::stol(argv[2]) : 100;
  const load::Street street(argv[1]);
  clipbuf::Config config;
  config.codec = "h264";
  auto buffer = load::must(clipbuf::Buffer::create(config), "create");
  const long before = peak_kilobytes();
  const auto begin = std::chrono::steady_clock::now();
  push_frames(buffer, street);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;

  const long peak = peak_kilobytes();
  const auto status = buffer.status();
  std::printf(
      "%llu frames in %.1f s; %.1f MB held for %.1f MB of packets, raw would be 1/%.0f; "
      "peak of the process %.1f MB, %.1f MB before\n",
      static_cast<unsigned long long>(status.frames), took.count(),
      static_cast<double>(status.bytes_held) / 1e6, static_cast<double>(status.stored.bytes) / 1e6,
      kRawBytes / static_cast<double>(status.bytes_held), static_cast<double>(peak) * 1.024e-3,
      static_cast<double>(before) * 1.024e-3);
  if (status.frames != kFrames) load::give_up("not all 9000 frames are held");
  if (static_cast<double>(peak) * 1.024e-3 >= static_cast<double>(limit_mb)) {
    load::give_up("more than " + std::to_string(limit_mb) + " MB");
  }
}
