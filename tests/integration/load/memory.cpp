// Five minutes of 640x480 at 30 frames a second, encoded as H.264, within 100 MB of memory.
//
//     memory STREET.MP4 [LIMIT-IN-MB]
//
// The street scene (10 frames a second) at its own speed, two blended pictures between any two. It
// is decoded anew for each round, so that nothing but the buffer grows. What is judged is the
// memory that belongs to this process alone (RssAnon). The whole resident set, printed beside it,
// also counts the pages of the shared libraries that happen to be mapped: with FFmpeg and OpenCV as
// distributions build them that is more than 200 libraries, and depends on the machine.
#include "street.hpp"

#include <chrono>
#include <fstream>

using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kFrames = 9000;  // 300 s at 30 a second
constexpr double kRawBytes = 9000.0 * 640 * 480 * 3;

/// A figure of /proc/self/status, in MB.
double status_mb(const std::string& name) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    double kilobytes = 0;
    if (word == name + ":" && status >> kilobytes) return kilobytes * 1.024e-3;
  }
  load::give_up("no " + name + " in /proc/self/status");
}

/// Pushes each picture of the street after two that lead from the one before to it.
class Camera {
 public:
  explicit Camera(clipbuf::Buffer& buffer) : buffer_(buffer) {}

  clipbuf::Result<void> take(const clipbuf::FrameView& picture) {
    auto next = clipbuf::Frame::copy_of(picture);
    if (!next) return next.error();
    for (int third = 1; third <= 3; ++third) {
      if (auto pushed = push(previous_ ? previous_ : *next, *next, third); !pushed) return pushed;
    }
    previous_ = *next;
    if (pushed_ % 90 == 0) peak_mb_ = std::max(peak_mb_, status_mb("RssAnon"));
    return {};
  }
  std::uint64_t pushed() const { return pushed_; }
  double peak_mb() const { return peak_mb_; }

 private:
  clipbuf::Result<void> push(const clipbuf::Frame& from, const clipbuf::Frame& to, int third) {
    clipbuf::FrameView frame = to.view();
    const auto layout = clipbuf::plane_layout(frame.format, frame.width, frame.height);
    pixels_.resize(
        layout.total_bytes());  // copy_of() leaves no padding: the planes lie back to back
    const std::byte* a = from.view().planes[0];
    const std::byte* b = frame.planes[0];
    for (std::size_t i = 0; i < pixels_.size(); ++i) {
      pixels_[i] = static_cast<std::byte>(
          (static_cast<int>(a[i]) * (3 - third) + static_cast<int>(b[i]) * third) / 3);
    }
    for (std::size_t i = 0; i < frame.planes.size(); ++i) {
      if (frame.planes[i] != nullptr) frame.planes[i] = pixels_.data() + (frame.planes[i] - b);
    }
    frame.timestamp =
        kStart + clipbuf::Duration(static_cast<std::int64_t>(pushed_++) * 1'000'000 / 30);
    return buffer_.push(frame);
  }

  static constexpr clipbuf::Timestamp kStart{std::chrono::hours(480'000)};
  clipbuf::Buffer& buffer_;
  clipbuf::Frame previous_;
  std::vector<std::byte> pixels_;
  std::uint64_t pushed_ = 0;
  double peak_mb_ = 0;
};

double push_frames(clipbuf::Buffer& buffer, const load::Street& street) {
  Camera camera(buffer);
  const auto sink = [&](const clipbuf::FrameView& picture, std::int64_t) {
    return camera.take(picture);
  };
  auto decoder = load::must(clipbuf::make_decoder(street.track()), "make_decoder");
  for (std::uint64_t n = 0; n < kFrames / 3; ++n) {
    load::must(decoder->decode(street.packet(n, 0), sink), "decode and push");
  }
  load::must(decoder->flush(sink), "flush");
  load::must(buffer.finish(), "finish");
  if (camera.pushed() != kFrames)
    load::give_up(std::to_string(camera.pushed()) + " frames pushed, not 9000");
  return std::max(camera.peak_mb(), status_mb("RssAnon"));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) load::give_up("usage: memory STREET.MP4 [LIMIT-IN-MB]");
  const double limit_mb = argc > 2 ? std::stod(argv[2]) : 100;
  const load::Street street(argv[1]);
  clipbuf::Config config;
  config.codec = "h264";
  auto buffer = load::must(clipbuf::Buffer::create(config), "create");
  const double before = status_mb("VmHWM");
  const auto begin = std::chrono::steady_clock::now();
  const double peak = push_frames(buffer, street);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;

  const auto status = buffer.status();
  std::printf(
      "%llu frames in %.1f s; %.1f MB held for %.1f MB of packets, raw would be %.0f times as "
      "much\n"
      "peak of the process's own memory %.1f MB; whole resident set %.1f MB, %.1f MB before the "
      "first frame\n",
      static_cast<unsigned long long>(status.frames), took.count(),
      static_cast<double>(status.bytes_held) / 1e6, static_cast<double>(status.stored.bytes) / 1e6,
      kRawBytes / static_cast<double>(status.bytes_held), peak, status_mb("VmHWM"), before);
  if (status.frames != kFrames) load::give_up("not all 9000 frames are held");
  if (peak >= limit_mb) load::give_up("more than " + std::to_string(limit_mb) + " MB");
}
