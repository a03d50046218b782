// A codec of one's own: run-length coding of gray pictures, plugged into the store.
//
//     own_codec [FILE]
//
// The codec is what stands between the two rulers. Nothing else knows about it: the store cuts,
// evicts and reports as with any other, and a clip of it is decoded through it and saved as H.264.
#include <clipbuf/clipbuf.hpp>

#include <algorithm>
#include <cstdio>

using clipbuf::Errc;
using clipbuf::Error;
using clipbuf::FrameView;
using clipbuf::Packet;
using clipbuf::PixelFormat;
using clipbuf::Result;
using clipbuf::Track;

// ------------------------------------------------------------------------------------------------
struct RunLengthDecoder final : clipbuf::Decoder {
  explicit RunLengthDecoder(const Track& track)
      : view{.format = PixelFormat::kGray8, .width = track.width, .height = track.height} {}
  Result<void> decode(const Packet& packet, const clipbuf::FrameSink& sink) override {
    pixels.clear();
    for (std::size_t i = 0; i + 1 < packet.data.size(); i += 2) {
      pixels.insert(pixels.end(), static_cast<std::size_t>(packet.data[i]), packet.data[i + 1]);
    }
    if (std::ssize(pixels) != view.width * view.height)
      return Error{Errc::kCorruptData, "bad runs"};
    view.planes[0] = pixels.data();
    view.strides[0] = view.width;
    return sink(view, packet.pts);
  }
  Result<void> flush(const clipbuf::FrameSink&) override { return {}; }  // holds nothing back
  FrameView view;
  std::vector<std::byte> pixels;
};

struct RunLengthCodec {
  struct Options {};
  explicit RunLengthCodec(Options) { own_track.codec = "run_length"; }
  Result<void> encode(const FrameView& frame, clipbuf::EncodeHint,
                      const clipbuf::PacketSink& sink) {
    if (frame.format != PixelFormat::kGray8) return Error{Errc::kUnsupported, "takes gray8 only"};
    own_track.width = frame.width, own_track.height = frame.height;
    std::vector<std::byte> runs;  // pairs of a length, 1..255, and a pixel
    for (std::ptrdiff_t i = 0; i < frame.width * frame.height; ++i) {
      const auto p = frame.planes[0][i / frame.width * frame.strides[0] + i % frame.width];
      const bool goes_on = !runs.empty() && runs.back() == p && runs.end()[-2] != std::byte{255};
      if (!goes_on) runs.insert(runs.end(), {std::byte{0}, p});
      runs.end()[-2] = std::byte(static_cast<unsigned char>(runs.end()[-2]) + 1u);
    }
    Packet packet;  // pts counts the track's ticks, microseconds by default, since the epoch
    packet.pts = packet.dts = frame.timestamp.time_since_epoch().count();
    packet.key = true;
    packet.data = runs;
    return sink(packet);
  }
  Result<void> flush(const clipbuf::PacketSink&) { return {}; }
  const Track& track() const { return own_track; }
  Result<std::unique_ptr<clipbuf::Decoder>> decoder(const Track& track) const {
    return {std::make_unique<RunLengthDecoder>(track)};
  }
  Track own_track;
};
// ------------------------------------------------------------------------------------------------

// A bright square that wanders over a dark picture.
std::vector<std::byte> draw(int width, int height, int number) {
  std::vector<std::byte> pixels(static_cast<std::size_t>(width * height), std::byte{32});
  const int left = number * 3 % (width - 40);
  for (int y = 60; y < 100; ++y) {
    std::fill_n(pixels.begin() + y * width + left, 40, std::byte{220});
  }
  return pixels;
}

int main(int argc, char** argv) {
  using namespace std::chrono_literals;
  constexpr int kWidth = 320;
  constexpr int kHeight = 240;
  clipbuf::FrameStore<RunLengthCodec, clipbuf::MemoryStorage> store;

  const clipbuf::Timestamp start = clipbuf::system_clock().wall();
  for (int i = 0; i < 250; ++i) {
    const auto pixels = draw(kWidth, kHeight, i);
    FrameView frame{.format = PixelFormat::kGray8, .width = kWidth, .height = kHeight};
    frame.planes[0] = pixels.data();
    frame.strides[0] = kWidth;
    frame.timestamp = start + i * 40ms;
    if (auto pushed = store.push(frame); !pushed) {
      std::fprintf(stderr, "own_codec: %s\n", pushed.error().message.c_str());
      return 1;
    }
  }

  const auto status = store.status();
  std::printf("%llu frames in %llu bytes, raw would be %d\n",
              static_cast<unsigned long long>(status.in.packets),
              static_cast<unsigned long long>(status.in.bytes), 250 * kWidth * kHeight);
  clipbuf::ClipRequest wanted;
  wanted.begin = start + 2s;
  wanted.end = start + 5s;
  const auto report = store.clip(wanted)->save(argc > 1 ? argv[1] : "own_codec.mp4");
  if (!report) {
    std::fprintf(stderr, "own_codec: %s\n", report.error().message.c_str());
    return 1;
  }
  std::puts(report->to_json().c_str());
  return report->frames == 75 && report->complete ? 0 : 1;
}
