#include "detail/scale.hpp"

#include "detail/try.hpp"

extern "C" {
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <array>
#include <iterator>
#include <new>

namespace clipbuf::detail {
namespace {

// The fast paths are 10 times as fast, and show it: white comes out as 253, and chroma is not
// interpolated. These take about 1 ms for a picture of 640x480.
constexpr int kExact = SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP;

bool is_rgb(int format) noexcept {
  const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(format));
  return d != nullptr && (d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) != 0;
}

bool is_gray(int format) noexcept {
  const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(format));
  return d != nullptr && !is_rgb(format) && d->nb_components <= 2;
}

/// swscale takes the range apart from the format; the yuvj names only confuse it.
int without_range(int format) noexcept {
  switch (format) {
    case AV_PIX_FMT_YUVJ420P:
      return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ411P:
      return AV_PIX_FMT_YUV411P;
    case AV_PIX_FMT_YUVJ422P:
      return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ440P:
      return AV_PIX_FMT_YUV440P;
    case AV_PIX_FMT_YUVJ444P:
      return AV_PIX_FMT_YUV444P;
    default:
      return format;
  }
}

bool is_full(int format, ColorRange range) noexcept {
  if (is_rgb(format) || without_range(format) != format) return true;
  if (is_gray(format)) return range != ColorRange::kLimited;
  return range == ColorRange::kFull;
}

ColorRange range_of(bool full) noexcept {
  return full ? ColorRange::kFull : ColorRange::kLimited;
}

int matrix_of(const AVFrame& frame, bool full) noexcept {
  if (frame.colorspace != AVCOL_SPC_UNSPECIFIED && frame.colorspace != AVCOL_SPC_RGB)
    return frame.colorspace;
  return default_matrix(frame.height, range_of(full));
}

std::string kind(int width, int height, int format) {
  const char* name = av_get_pix_fmt_name(static_cast<AVPixelFormat>(format));
  return std::to_string(width) + "x" + std::to_string(height) + " " +
         (name == nullptr ? "unknown format" : name);
}

Result<void> allocate(AvFramePtr& frame, int width, int height, int format) {
  if (frame != nullptr && frame->width == width && frame->height == height &&
      frame->format == format && av_frame_is_writable(frame.get()) == 1)
    return {};
  frame.reset(av_frame_alloc());
  if (frame == nullptr) return Error{Errc::kOutOfMemory, "no memory for a frame"};
  frame->width = width;
  frame->height = height;
  frame->format = format;
  const int code = av_frame_get_buffer(frame.get(), 0);
  if (code < 0) return av_error(code, kind(width, height, format), Errc::kUnsupported);
  return {};
}

}  // namespace

int default_matrix(int height, ColorRange range) noexcept {
  return range != ColorRange::kFull && height >= 720 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
}

SwsPtr Scaler::make_context(const Side& from, const Side& to) {
  const bool same_size = from.width == to.width && from.height == to.height;
  SwsPtr context(sws_alloc_context());
  if (context == nullptr) return context;
  const auto set = [&](const char* name, int value) {
    av_opt_set_int(context.get(), name, value, 0);
  };
  set("sws_flags", kExact | (same_size ? SWS_BILINEAR : SWS_BICUBIC));
  set("srcw", from.width);
  set("srch", from.height);
  set("src_format", from.format);
  set("dstw", to.width);
  set("dsth", to.height);
  set("dst_format", to.format);
  // Told only afterwards, it would already have chosen to copy where nothing but the range differs.
  set("src_range", from.full ? 1 : 0);
  set("dst_range", to.full ? 1 : 0);
  if (sws_init_context(context.get(), nullptr, nullptr) < 0) context.reset();
  return context;
}

Result<void> Scaler::prepare(const Side& from, const Side& to) {
  if (context_ != nullptr && from == from_ && to == to_) return {};
  context_ = make_context(from, to);
  if (context_ == nullptr)
    return Error{Errc::kUnsupported, "no conversion from " +
                                         kind(from.width, from.height, from.format) + " to " +
                                         kind(to.width, to.height, to.format)};
  // It answers -1 where neither side is YUV: then there is nothing to set.
  sws_setColorspaceDetails(context_.get(), sws_getCoefficients(from.matrix), from.full ? 1 : 0,
                           sws_getCoefficients(to.matrix), to.full ? 1 : 0, 0, 1 << 16, 1 << 16);
  from_ = from;
  to_ = to;
  return {};
}

/// swscale's vector code reads whole vectors, past the end of a row that isn't a multiple of them.
/// Of three bytes a pixel it reads four, past the end of every picture. FFmpeg's own frames are
/// padded for it; a caller's picture may end where its page ends.
Result<const AVFrame*> Scaler::readable(const AVFrame& source) {
  constexpr int kVector = 64;
  const bool upwards = std::any_of(std::begin(source.linesize), std::end(source.linesize),
                                   [](int stride) { return stride < 0; });
  const bool three_bytes = source.format == AV_PIX_FMT_BGR24 || source.format == AV_PIX_FMT_RGB24;
  // Of packed 4:2:2 it takes the chroma of two rows at a time, also where there is but one.
  const bool lonely_row = source.format == AV_PIX_FMT_YUYV422 && source.height % 2 != 0;
  const bool in_bounds = source.width % kVector == 0 && !three_bytes;
  if (!upwards && !lonely_row && (source.buf[0] != nullptr || in_bounds)) return &source;
  CLIPBUF_TRY(allocate(padded_, source.width, source.height + (lonely_row ? 1 : 0), source.format));
  const int code = av_frame_copy(padded_.get(), &source);
  if (code < 0) return av_error(code, "copying a frame", Errc::kUnsupported);
  if (lonely_row) {
    const std::uint8_t* last =
        padded_->data[0] + std::ptrdiff_t{source.height - 1} * padded_->linesize[0];
    std::copy_n(last, padded_->linesize[0],
                padded_->data[0] + std::ptrdiff_t{source.height} * padded_->linesize[0]);
  }
  return padded_.get();
}

/// swscale knows gray in full range only.
Result<void> Scaler::stretch_gray(const AVFrame& source) {
  CLIPBUF_TRY(allocate(padded_, source.width, source.height, source.format));
  std::array<std::uint8_t, 256> table{};
  for (int i = 0; i < 256; ++i)
    table[static_cast<std::size_t>(i)] =
        static_cast<std::uint8_t>(std::clamp(((i - 16) * 255 + 109) / 219, 0, 255));
  for (int y = 0; y < source.height; ++y) {
    const std::uint8_t* from = source.data[0] + std::ptrdiff_t{y} * source.linesize[0];
    std::transform(from, from + source.width,
                   padded_->data[0] + std::ptrdiff_t{y} * padded_->linesize[0],
                   [&](std::uint8_t value) { return table[value]; });
  }
  padded_->color_range = AVCOL_RANGE_JPEG;
  return {};
}

Result<void> Scaler::fill(const AVFrame& source, const Side& from, const Side& to,
                          AVFrame& target) {
  if (from == to) {
    const int code = av_frame_copy(&target, &source);
    if (code < 0) return av_error(code, "copying a frame", Errc::kUnsupported);
    return {};
  }
  CLIPBUF_TRY(prepare(from, to));
  CLIPBUF_TRY_SET(const AVFrame* readable_source, readable(source));
  const int rows = sws_scale(context_.get(), readable_source->data, readable_source->linesize, 0,
                             from.height, target.data, target.linesize);
  if (rows > 0) return {};
  return Error{Errc::kUnsupported, "swscale failed from " +
                                       kind(from.width, from.height, from.format) + " to " +
                                       kind(to.width, to.height, to.format)};
}

Result<void> Scaler::convert(const AVFrame& given, const ScaleTarget& wanted, AvFramePtr& target) {
  const bool limited_gray =
      given.format == AV_PIX_FMT_GRAY8 && given.color_range == AVCOL_RANGE_MPEG;
  if (limited_gray) CLIPBUF_TRY(stretch_gray(given));
  const AVFrame& source = limited_gray ? *padded_ : given;
  const bool from_full = is_full(source.format, static_cast<ColorRange>(source.color_range));
  const bool from_yuv = !is_rgb(source.format) && !is_gray(source.format);
  const bool to_yuv = !is_rgb(wanted.format) && !is_gray(wanted.format);
  const bool keep_range = wanted.range == ColorRange::kUnspecified && from_yuv && to_yuv;
  const bool to_full = is_gray(wanted.format) ||
                       is_full(wanted.format, keep_range ? range_of(from_full) : wanted.range);
  const int from_matrix = matrix_of(source, from_full);
  const int to_matrix = to_yuv && wanted.matrix != AVCOL_SPC_UNSPECIFIED ? wanted.matrix
                        : is_rgb(source.format) ? default_matrix(wanted.height, range_of(to_full))
                                                : from_matrix;
  CLIPBUF_TRY(allocate(target, wanted.width, wanted.height, wanted.format));
  CLIPBUF_TRY(fill(
      source, {source.width, source.height, without_range(source.format), from_matrix, from_full},
      {wanted.width, wanted.height, without_range(wanted.format), to_matrix, to_full}, *target));
  target->pts = given.pts;
  target->sample_aspect_ratio = given.sample_aspect_ratio;
  target->color_primaries = given.color_primaries;
  target->color_trc = given.color_trc;
  target->color_range = to_full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  // A matrix known by convention only is not claimed.
  const bool known = is_rgb(source.format) || given.colorspace != AVCOL_SPC_UNSPECIFIED ||
                     wanted.matrix != AVCOL_SPC_UNSPECIFIED;
  target->colorspace = is_rgb(wanted.format) ? AVCOL_SPC_RGB
                       : known               ? static_cast<AVColorSpace>(to_matrix)
                                             : AVCOL_SPC_UNSPECIFIED;
  return {};
}

Result<Frame> frame_of(AvFramePtr frame) try {
  const FrameView view = view_of(*frame);
  return Frame(view, std::shared_ptr<const AVFrame>(std::move(frame)));
} catch (const std::bad_alloc&) {
  return Error{Errc::kOutOfMemory, "no memory for a frame"};
}

Result<Frame> convert_frame(const FrameView& view, PixelFormat format, int matrix) {
  CLIPBUF_TRY(view.validate());
  const int wanted = pixel_format_to_av(format);
  if (wanted == AV_PIX_FMT_NONE)
    return Error{Errc::kInvalidArgument, "a frame can't be converted to an unknown format"};
  const AvFramePtr source = av_frame_over(view);
  if (source == nullptr) return Error{Errc::kOutOfMemory, "no memory for a frame"};
  source->colorspace = static_cast<AVColorSpace>(matrix);
  Scaler scaler;
  AvFramePtr target;
  CLIPBUF_TRY(
      scaler.convert(*source, {view.width, view.height, wanted, ColorRange::kUnspecified}, target));
  CLIPBUF_TRY_SET(Frame result, frame_of(std::move(target)));
  result.set_timestamp(view.timestamp);
  return result;
}

}  // namespace clipbuf::detail
