#include "detail/gif.hpp"

#include "detail/gif_writer.hpp"
#include "detail/palette.hpp"
#include "detail/scale.hpp"
#include "detail/try.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace clipbuf::detail {
namespace {

constexpr int kMaxWidth = 480;
constexpr int kMaxHeight = 960;
constexpr Duration kStep = std::chrono::milliseconds(80);      // 12.5 frames per second
constexpr Duration kShortest = std::chrono::milliseconds(40);  // between two frames
constexpr std::int64_t kLongestDelayCs = 60'000;               // the format's is 65535
constexpr std::int64_t kShortestDelayCs = 2;                   // browsers show less as 10
constexpr std::size_t kFramesPerPalette = 25;                  // two seconds

std::int64_t centiseconds(Duration duration) {
  return (duration.count() + 5000) / 10'000;  // never negative here
}

std::uint8_t* row_of(const AVFrame& frame, int y) {
  return frame.data[0] + std::ptrdiff_t{y} * frame.linesize[0];
}

// Makes what hardly changes not change at all: a camera's noise would cost most of the bytes.
// `before` is what was shown at each place, and learns what really is new.
void hold_still(AVFrame& picture, AVFrame& before) {
  constexpr int kNoise = 8;
  for (int y = 0; y < picture.height; ++y) {
    std::uint8_t* now = row_of(picture, y);
    std::uint8_t* old = row_of(before, y);
    for (int x = 0; x < picture.width; ++x, now += 3, old += 3) {
      const bool same = std::abs(now[0] - old[0]) <= kNoise &&
                        std::abs(now[1] - old[1]) <= kNoise && std::abs(now[2] - old[2]) <= kNoise;
      std::memcpy(same ? now : old, same ? old : now, 3);
    }
  }
}

// Chooses which frames to show: about one per kStep, whatever their times are.
class Thinner {
 public:
  bool wants(Duration at) {
    if (at < due_) return false;
    due_ = std::max(due_ + kStep, at + kShortest);
    return true;
  }

 private:
  Duration due_{0};
};

class GifEncoder {
 public:
  Result<void> add(const Frame& frame, Duration at);
  Result<std::vector<std::byte>> finish(Duration length);
  std::int64_t frames() const { return frames_; }

 private:
  struct Picture {
    AvFramePtr rgb;
    std::int64_t begin_cs;
  };
  Result<void> open(const FrameView& first);
  Result<void> write_pictures();
  Result<void> write(const Picture& picture);
  Result<void> hold_until(std::int64_t cs);

  std::optional<GifWriter> writer_;
  Scaler scaler_;
  int width_ = 0;
  int height_ = 0;
  AvFramePtr before_;              // see hold_still()
  std::vector<Picture> pictures_;  // that will share a palette
  std::vector<Rgb> palette_;
  std::optional<PaletteMapper> mapper_;
  AvFramePtr last_;  // as written; shown again where a delay would be too long
  std::int64_t last_cs_ = 0;
  std::int64_t newest_cs_ = -1;
  std::int64_t frames_ = 0;
};

Result<void> GifEncoder::open(const FrameView& first) {
  const double shrink = std::min({1.0, static_cast<double>(kMaxWidth) / first.width,
                                  static_cast<double>(kMaxHeight) / first.height});
  width_ = std::clamp(static_cast<int>(std::lround(first.width * shrink)), 1, kMaxWidth);
  height_ = std::clamp(static_cast<int>(std::lround(first.height * shrink)), 1, kMaxHeight);
  CLIPBUF_TRY_SET(writer_, GifWriter::open(width_, height_));
  return {};
}

Result<void> GifEncoder::add(const Frame& frame, Duration at) {
  const std::int64_t begin_cs = centiseconds(at);
  if (begin_cs <= newest_cs_) return {};
  CLIPBUF_TRY(frame.view().validate());
  if (!writer_) CLIPBUF_TRY(open(frame.view()));
  const AvFramePtr source = av_frame_over(frame.view());
  if (source == nullptr) return Error{Errc::kOutOfMemory, "no memory for a GIF"};
  Picture picture{nullptr, begin_cs};
  CLIPBUF_TRY(scaler_.convert(*source, {width_, height_, AV_PIX_FMT_RGB24}, picture.rgb));
  if (before_ == nullptr)
    CLIPBUF_TRY(scaler_.convert(*source, {width_, height_, AV_PIX_FMT_RGB24}, before_));
  hold_still(*picture.rgb, *before_);
  pictures_.push_back(std::move(picture));
  newest_cs_ = begin_cs;
  return pictures_.size() < kFramesPerPalette ? Result<void>() : write_pictures();
}

Result<void> GifEncoder::write_pictures() {
  if (pictures_.empty()) return {};
  ColorHistogram histogram;
  for (const Picture& picture : pictures_)
    for (int y = 0; y < height_; ++y)
      histogram.add_row(row_of(*picture.rgb, y), width_);
  // The encoder leaves out what stands still only for as long as the first palette lasts, so that
  // one is kept until it has become clearly worse than one of its own: the scene has changed.
  constexpr double kMuchWorse = 2.0;
  constexpr double kGoodEnough = 400;     // about 6 of 255 in every channel
  auto palette = histogram.palette(255);  // the last one is for "as before"
  if (!mapper_ || histogram.error(palette_) > kGoodEnough + kMuchWorse * histogram.error(palette)) {
    mapper_.emplace(palette);
    palette_ = std::move(palette);
  }
  for (const Picture& picture : pictures_)
    CLIPBUF_TRY(write(picture));
  pictures_.clear();
  return {};
}

Result<void> GifEncoder::write(const Picture& picture) {
  CLIPBUF_TRY(hold_until(picture.begin_cs));
  AvFramePtr frame(av_frame_alloc());
  if (frame == nullptr) return Error{Errc::kOutOfMemory, "no memory for a GIF"};
  frame->width = width_;
  frame->height = height_;
  frame->format = AV_PIX_FMT_PAL8;
  if (av_frame_get_buffer(frame.get(), 0) < 0)
    return Error{Errc::kOutOfMemory, "no memory for a GIF"};
  std::array<std::uint32_t, 256> colors{};  // 0 is transparent: the encoder's "as before"
  std::transform(palette_.begin(), palette_.end(), colors.begin(), [](Rgb color) {
    return 0xFF000000U | std::uint32_t{color.r} << 16U | std::uint32_t{color.g} << 8U | color.b;
  });
  std::memcpy(frame->data[1], colors.data(), sizeof(colors));
  for (int y = 0; y < height_; ++y)
    mapper_->map_row(row_of(*picture.rgb, y), width_, y, row_of(*frame, y));
  CLIPBUF_TRY(writer_->write(*frame, picture.begin_cs));
  last_ = std::move(frame);
  last_cs_ = picture.begin_cs;
  ++frames_;
  return {};
}

Result<void> GifEncoder::hold_until(std::int64_t cs) {
  for (; last_ != nullptr && cs - last_cs_ > kLongestDelayCs; last_cs_ += kLongestDelayCs)
    CLIPBUF_TRY(writer_->write(*last_, last_cs_ + kLongestDelayCs));
  return {};
}

Result<std::vector<std::byte>> GifEncoder::finish(Duration length) {
  CLIPBUF_TRY(write_pictures());
  if (!writer_) return Error{Errc::kNothingInRange, "no frame for a GIF"};
  CLIPBUF_TRY(hold_until(centiseconds(length)));
  return writer_->finish(std::max(centiseconds(length) - last_cs_, kShortestDelayCs));
}

}  // namespace

Result<std::vector<std::byte>> encode_gif(const std::function<Result<std::optional<Frame>>()>& next,
                                          Duration length,
                                          const std::function<bool(double)>& progress,
                                          std::int64_t* out_frames) {
  constexpr Duration kLongest = std::chrono::hours(24);
  const Error too_long{Errc::kUnsupported, "a GIF of more than " + to_string(kLongest)};
  if (length > kLongest) return too_long;
  length = std::max(length, Duration{0});
  GifEncoder encoder;
  Thinner thinner;
  std::optional<Timestamp> zero;
  for (;;) {
    CLIPBUF_TRY_SET(const std::optional<Frame> frame, next());
    if (!frame) break;
    if (!zero) zero = frame->timestamp();
    if (frame->timestamp() < *zero) continue;
    if (frame->timestamp() > *zero + kLongest) return too_long;
    const Duration at = frame->timestamp() - *zero;
    // The last frame must be on show for a while, or it would make the GIF longer than the clip.
    const bool too_late = at > Duration{0} && at + kShortest > length;
    if (!too_late && thinner.wants(at)) CLIPBUF_TRY(encoder.add(*frame, at));
    const double done = static_cast<double>(at.count()) /
                        static_cast<double>(std::max<std::int64_t>(length.count(), 1));
    if (progress && !progress(std::clamp(done, 0.0, 1.0)))
      return Error{Errc::kCancelled, "the GIF was cancelled after " + to_string(at)};
  }
  auto gif = encoder.finish(length);
  if (out_frames != nullptr) *out_frames = encoder.frames();
  return gif;
}

}  // namespace clipbuf::detail
