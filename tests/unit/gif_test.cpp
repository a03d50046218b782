#include "detail/gif.hpp"

#include "detail/av_ptr.hpp"
#include "detail/palette.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <set>
#include <string>

#include <unistd.h>
#include <cstdlib>

using namespace clipbuf;
using namespace std::chrono_literals;
using clipbuf::detail::encode_gif;

namespace {

constexpr Timestamp kBegin{1'700'000'000s};

// A gradient with a bright square that moves with time.
Frame picture(int width, int height, Duration at, PixelFormat format = PixelFormat::kRgb24) {
  const auto pixels = std::make_shared<std::vector<std::byte>>();
  pixels->reserve(static_cast<std::size_t>(width * height * 3));
  const auto square = static_cast<int>(at / 100ms) * 8;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool inside = x >= square && x < square + 16 && y >= 10 && y < 26;
      pixels->push_back(static_cast<std::byte>(inside ? 250 : x * 255 / width));
      pixels->push_back(static_cast<std::byte>(inside ? 250 : y * 255 / height));
      pixels->push_back(static_cast<std::byte>(inside ? 40 : 128));
    }
  }
  FrameView view;
  view.format = PixelFormat::kRgb24;
  view.width = width;
  view.height = height;
  view.planes[0] = pixels->data();
  view.strides[0] = width * 3;
  view.timestamp = kBegin + at;
  return Frame(view, pixels).converted(format).value();
}

using Next = std::function<Result<std::optional<Frame>>()>;

Next frames_at(std::vector<Duration> times, int width = 64, int height = 48,
               PixelFormat format = PixelFormat::kRgb24) {
  return [=, i = std::size_t{0}]() mutable -> Result<std::optional<Frame>> {
    if (i == times.size()) return std::optional<Frame>();
    return std::optional<Frame>(picture(width, height, times[i++], format));
  };
}

std::vector<Duration> every(Duration step, Duration length) {
  std::vector<Duration> times;
  for (Duration at{0}; at < length; at += step)
    times.push_back(at);
  return times;
}

// What a GIF's own structure says; read without FFmpeg.
struct Gif {
  int width = 0;
  int height = 0;
  bool for_ever = false;
  bool ended = false;
  std::vector<int> delays;  // of every image, centiseconds
};

class GifReader {
 public:
  explicit GifReader(const std::vector<std::byte>& bytes) : bytes_(bytes) {}
  Gif read() {
    Gif gif;
    REQUIRE(text(6) == "GIF89a");
    gif.width = word();
    gif.height = word();
    const int screen = byte();
    at_ += 2;
    skip_palette(screen);
    int delay = 0;
    for (;;) {
      const int kind = byte();
      if (kind == 0x3B) break;
      if (kind == 0x2C) {
        at_ += 8;
        skip_palette(byte());
        ++at_;
        skip_blocks();
        gif.delays.push_back(delay);
        continue;
      }
      REQUIRE(kind == 0x21);
      const int label = byte();
      if (label == 0xF9) {
        at_ += 2;
        delay = word();
        at_ += 2;
        continue;
      }
      if (label == 0xFF && byte() == 11 && text(11) == "NETSCAPE2.0") {
        at_ += 2;
        gif.for_ever = word() == 0;
      }
      skip_blocks();
    }
    gif.ended = at_ == bytes_.size();
    return gif;
  }

 private:
  int byte() {
    REQUIRE(at_ < bytes_.size());
    return static_cast<int>(bytes_[at_++]);
  }
  int word() {
    const int low = byte();
    return low | byte() << 8;
  }
  std::string text(std::size_t count) {
    std::string out;
    while (out.size() < count)
      out += static_cast<char>(byte());
    return out;
  }
  void skip_palette(int flags) {
    if (flags & 0x80) at_ += 3u << ((flags & 7) + 1);
  }
  void skip_blocks() {
    while (const int size = byte())
      at_ += static_cast<std::size_t>(size);
  }
  const std::vector<std::byte>& bytes_;
  std::size_t at_ = 0;
};

Gif gif_of(const Next& next, Duration length) {
  std::int64_t frames = -1;
  const auto bytes = encode_gif(next, length, {}, &frames);
  if (!bytes) FAIL(bytes.error().message);
  const Gif gif = GifReader(*bytes).read();
  CHECK(gif.ended);
  CHECK(gif.for_ever);
  CHECK(frames <= static_cast<std::int64_t>(gif.delays.size()));
  return gif;
}

int sum(const std::vector<int>& values) {
  return std::accumulate(values.begin(), values.end(), 0);
}

// Every picture of a GIF as FFmpeg shows it, as BGRA.
std::vector<detail::AvFramePtr> shown(const std::vector<std::byte>& bytes) {
  std::string path = "/tmp/clipbuf-gif-XXXXXX";
  const int fd = ::mkstemp(path.data());
  REQUIRE(fd >= 0);
  REQUIRE(::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  ::close(fd);
  AVFormatContext* input = nullptr;
  const int opened = avformat_open_input(&input, path.c_str(), nullptr, nullptr);
  ::unlink(path.c_str());
  REQUIRE(opened >= 0);
  const detail::AvInputPtr owner(input);
  const AVCodec* codec = avcodec_find_decoder(AV_CODEC_ID_GIF);
  const detail::AvCodecContextPtr decoder(avcodec_alloc_context3(codec));
  REQUIRE(avcodec_open2(decoder.get(), codec, nullptr) >= 0);
  const detail::AvPacketPtr packet(av_packet_alloc());
  std::vector<detail::AvFramePtr> frames;
  while (av_read_frame(input, packet.get()) >= 0) {
    REQUIRE(avcodec_send_packet(decoder.get(), packet.get()) >= 0);
    av_packet_unref(packet.get());
    detail::AvFramePtr frame(av_frame_alloc());
    if (avcodec_receive_frame(decoder.get(), frame.get()) >= 0) frames.push_back(std::move(frame));
  }
  return frames;
}

// The root of the mean squared difference of a shown picture from the real one.
double error_of(const AVFrame& got, const FrameView& want) {
  double total = 0;
  for (int y = 0; y < want.height; ++y)
    for (int x = 0; x < want.width; ++x)
      for (int c = 0; c < 3; ++c) {
        const int a = got.data[0][y * got.linesize[0] + x * 4 + 2 - c];
        const int b = static_cast<int>(want.planes[0][y * want.strides[0] + x * 3 + c]);
        total += (a - b) * (a - b);
      }
  return std::sqrt(total / (want.width * want.height * 3));
}

}  // namespace

TEST_CASE("gif: it repeats for ever and lasts as long as the clip, to the centisecond") {
  for (const Duration step : {16'667us, 33'333us, 40'000us, 83'333us, 100'000us, 500'000us}) {
    CAPTURE(step.count());
    const Gif gif = gif_of(frames_at(every(step, 3s)), 3s);
    CHECK(gif.width == 64);
    CHECK(gif.height == 48);
    CHECK(sum(gif.delays) == 300);
    CHECK(*std::min_element(gif.delays.begin(), gif.delays.end()) >= 3);
    CHECK(gif.delays.size() <= 38);
    CHECK(gif.delays.size() >= (step < 80ms ? 36 : static_cast<std::size_t>(3s / step)));
  }
}

TEST_CASE("gif: frames of any spacing keep their times") {
  const Gif gif = gif_of(frames_at({0ms, 200ms, 210ms, 1234ms, 1400ms}), 2s);
  CHECK(gif.delays == std::vector<int>{20, 103, 17, 60});
}

TEST_CASE("gif: repeated and backward times don't break the order") {
  const Gif gif = gif_of(frames_at({0ms, 300ms, 300ms, 100ms, 250ms, 600ms, -5s}), 1s);
  CHECK(gif.delays == std::vector<int>{30, 30, 40});
}

TEST_CASE("gif: times at the ends of all time are refused or left out") {
  const auto at_times = [](std::vector<Timestamp> times) -> Next {
    return [=, i = std::size_t{0}]() mutable -> Result<std::optional<Frame>> {
      if (i == times.size()) return std::optional<Frame>();
      Frame frame = picture(16, 16, 0s);
      frame.set_timestamp(times[i++]);
      return std::optional<Frame>(frame);
    };
  };
  const auto far = encode_gif(at_times({kBegin, Timestamp::max()}), 2s, {}, nullptr);
  CHECK(far.error().code == Errc::kUnsupported);
  CHECK(gif_of(at_times({kBegin, Timestamp::min(), kBegin + 1s}), 2s).delays ==
        std::vector<int>{100, 100});
}

TEST_CASE("gif: a pause longer than the format's longest delay is held with more pictures") {
  const Gif gif = gif_of(frames_at({0s, 1000s}), 2001s);
  CHECK(sum(gif.delays) == 200'100);
  CHECK(gif.delays.size() == 4);
}

TEST_CASE("gif: one frame is a GIF of one frame, none is an error") {
  CHECK(gif_of(frames_at({0s}), 5s).delays == std::vector<int>{500});
  CHECK(gif_of(frames_at({0s}), 0s).delays.size() == 1);
  CHECK(gif_of(frames_at({0s}), -1s).delays.size() == 1);
  const auto none = encode_gif(frames_at({}), 5s, {}, nullptr);
  REQUIRE(!none);
  CHECK(none.error().code == Errc::kNothingInRange);
}

TEST_CASE("gif: large pictures shrink and keep their shape") {
  const Gif wide = gif_of(frames_at({0s}, 1920, 1080), 1s);
  CHECK(wide.width == 480);
  CHECK(wide.height == 270);
  const Gif tall = gif_of(frames_at({0s}, 600, 2400), 1s);
  CHECK(tall.width == 240);
  CHECK(tall.height == 960);
  const Gif flat = gif_of(frames_at({0s}, 2000, 1), 1s);
  CHECK(flat.width == 480);
  CHECK(flat.height == 1);
}

TEST_CASE("gif: what it shows looks like what went in, in every pixel format") {
  for (const PixelFormat format : {PixelFormat::kRgb24, PixelFormat::kBgra, PixelFormat::kYuv420p,
                                   PixelFormat::kNv12, PixelFormat::kYuv444p10}) {
    CAPTURE(pixel_format_name(format));
    const auto times = every(100ms, 4s);
    const auto bytes = encode_gif(frames_at(times, 160, 120, format), 4s, {}, nullptr);
    REQUIRE(bytes);
    const auto frames = shown(*bytes);
    REQUIRE(frames.size() == times.size());
    for (std::size_t i = 0; i < frames.size(); ++i)
      CHECK(error_of(*frames[i], picture(160, 120, times[i]).view()) < 14);
  }
}

TEST_CASE("gif: when the scene changes its colours, so does the palette") {
  const auto gray_then_colors = [](Duration at) {
    const Frame frame = picture(160, 120, at);
    return at < 3s
               ? frame.converted(PixelFormat::kGray8).value().converted(PixelFormat::kRgb24).value()
               : frame;
  };
  const auto times = every(100ms, 6s);
  std::size_t i = 0;
  const Next next = [&]() -> Result<std::optional<Frame>> {
    if (i == times.size()) return std::optional<Frame>();
    Frame frame = gray_then_colors(times[i]);
    frame.set_timestamp(kBegin + times[i++]);
    return std::optional<Frame>(frame);
  };
  const auto bytes = encode_gif(next, 6s, {}, nullptr);
  REQUIRE(bytes);
  const auto frames = shown(*bytes);
  REQUIRE(frames.size() == times.size());
  CHECK(error_of(*frames.front(), gray_then_colors(times.front()).view()) < 14);
  CHECK(error_of(*frames.back(), gray_then_colors(times.back()).view()) < 14);
}

TEST_CASE("gif: what stands still costs next to nothing") {
  const auto size = [](std::size_t frames) {
    const Frame still = picture(160, 120, 0s);
    std::mt19937 random(2);
    std::size_t i = 0;
    const Next next = [&]() -> Result<std::optional<Frame>> {
      if (i == frames) return std::optional<Frame>();
      Frame noisy = Frame::copy_of(still.view()).value();
      auto* pixels = const_cast<std::byte*>(noisy.view().planes[0]);
      for (int k = 0; k < 160 * 120 * 3; ++k)
        pixels[k] = static_cast<std::byte>(
            std::clamp(static_cast<int>(pixels[k]) + static_cast<int>(random() % 7) - 3, 0, 255));
      noisy.set_timestamp(kBegin + 100ms * static_cast<int>(i++));
      return std::optional<Frame>(noisy);
    };
    return encode_gif(next, 10s, {}, nullptr).value().size();
  };
  CHECK(size(100) < size(1) * 3 / 2);
}

TEST_CASE("gif: the size of the first frame is that of all") {
  std::vector<std::pair<int, int>> sizes{{64, 48}, {100, 20}, {31, 47}, {640, 480}};
  std::size_t i = 0;
  const Next next = [&]() -> Result<std::optional<Frame>> {
    if (i == sizes.size()) return std::optional<Frame>();
    const auto [width, height] = sizes[i];
    return std::optional<Frame>(picture(width, height, Duration(200ms) * static_cast<int>(i++)));
  };
  const Gif gif = gif_of(next, 1s);
  CHECK(gif.width == 64);
  CHECK(gif.delays == std::vector<int>{20, 20, 20, 40});
}

TEST_CASE("gif: progress rises to the end and can stop it; errors come through") {
  double last = -1;
  const auto watch = [&](double fraction) {
    CHECK(fraction >= last);
    CHECK(fraction <= 1);
    last = fraction;
    return true;
  };
  REQUIRE(encode_gif(frames_at(every(100ms, 2s)), 2s, watch, nullptr));
  CHECK(last > 0.9);
  const auto stopped = encode_gif(
      frames_at(every(100ms, 2s)), 2s, [](double f) { return f < 0.5; }, nullptr);
  CHECK(stopped.error().code == Errc::kCancelled);
  const Next broken = [] { return Error{Errc::kCodecFailed, "broken"}; };
  CHECK(encode_gif(broken, 2s, {}, nullptr).error().code == Errc::kCodecFailed);
  CHECK(encode_gif(frames_at({0s}), 48h, {}, nullptr).error().code == Errc::kUnsupported);
}

TEST_CASE("palette: few colours are kept as they are, many are near theirs") {
  detail::ColorHistogram few;
  const std::uint8_t row[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 0, 0, 8, 8, 8};
  few.add_row(row, 5);
  auto palette = few.palette(255);
  const auto has = [&](detail::Rgb color) {
    return std::find(palette.begin(), palette.end(), color) != palette.end();
  };
  CHECK(palette.size() == 4);
  CHECK(has({255, 0, 0}));
  CHECK(has({0, 255, 0}));
  CHECK(has({0, 0, 255}));
  CHECK(has({8, 8, 8}));
  CHECK(detail::ColorHistogram().palette(255).empty());
  CHECK(few.palette(1).size() == 1);
  std::mt19937 random(1);
  detail::ColorHistogram many;
  std::vector<std::uint8_t> noise(30'000);
  for (auto& value : noise)
    value = static_cast<std::uint8_t>(random());
  many.add_row(noise.data(), 10'000);
  palette = many.palette(255);
  CHECK(palette.size() == 255);
  detail::PaletteMapper mapper(palette);
  std::vector<std::uint8_t> indices(10'000);
  mapper.map_row(noise.data(), 10'000, 0, indices.data());
  double total = 0;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    REQUIRE(indices[i] < palette.size());
    const int green = palette[indices[i]].g - noise[i * 3 + 1];
    total += green * green;
  }
  CHECK(std::sqrt(total / 10'000) < 25);
}
