#include <clipbuf/codec/jpeg.hpp>

#include "detail/intra.hpp"
#include "detail/scale.hpp"
#include "detail/try.hpp"

#include <turbojpeg.h>

#include <limits>

namespace clipbuf {
namespace {

struct TurboDeleter {
  void operator()(void* handle) const noexcept { tjDestroy(handle); }
};
struct TurboBufferDeleter {
  void operator()(unsigned char* data) const noexcept { tjFree(data); }
};

int turbo_pixel_format(PixelFormat format) noexcept {
  switch (format) {
    case PixelFormat::kGray8:
      return TJPF_GRAY;
    case PixelFormat::kBgr24:
      return TJPF_BGR;
    case PixelFormat::kRgb24:
      return TJPF_RGB;
    case PixelFormat::kBgra:
      return TJPF_BGRX;  // JPEG has no alpha
    case PixelFormat::kRgba:
      return TJPF_RGBX;
    default:
      return TJPF_UNKNOWN;
  }
}

struct Sampling {
  int turbo;
  PixelFormat planar;
  const char* track_format;
};

Sampling sampling_of(JpegSubsampling subsampling) noexcept {
  switch (subsampling) {
    case JpegSubsampling::k422:
      return {TJSAMP_422, PixelFormat::kYuv422p, "yuvj422p"};
    case JpegSubsampling::k444:
      return {TJSAMP_444, PixelFormat::kYuv444p, "yuvj444p"};
    case JpegSubsampling::k420:
      break;
  }
  return {TJSAMP_420, PixelFormat::kYuv420p, "yuvj420p"};
}

const unsigned char* bytes(const std::byte* data) noexcept {
  return reinterpret_cast<const unsigned char*>(data);
}

/// TurboJPEG rounds the planes' sizes up to whole blocks of chroma, ours end with the picture; it
/// would read past their ends. Nor does it say that it takes negative strides.
bool planes_fit(const FrameView& view, JpegSubsampling subsampling) noexcept {
  const bool even_width = view.width % 2 == 0 || subsampling == JpegSubsampling::k444;
  const bool even_height = view.height % 2 == 0 || subsampling != JpegSubsampling::k420;
  return even_width && even_height && view.strides[0] > 0 && view.strides[1] > 0 &&
         view.strides[2] > 0;
}

}  // namespace

struct JpegCodec::Impl {
  explicit Impl(Options o) : options(o), turbo(tjInitCompress()) {}

  Result<void> reserve(int width, int height, int subsampling);
  Result<void> compress_pixels(const FrameView& view, int subsampling);
  Result<void> compress_planes(const FrameView& view);
  Result<void> compress_converted(const FrameView& view, PixelFormat format);
  Result<void> compress(const FrameView& view);
  Error failure(const FrameView& view) const;

  Options options;
  std::unique_ptr<void, TurboDeleter> turbo;
  std::unique_ptr<unsigned char, TurboBufferDeleter> buffer;
  unsigned long capacity = 0;
  unsigned long size = 0;
  detail::Scaler scaler;
  detail::AvFramePtr converted;
  Track track;
  std::int64_t last = kNoTicks;
};

Error JpegCodec::Impl::failure(const FrameView& view) const {
  return {Errc::kCodecFailed, "JPEG of " + std::to_string(view.width) + "x" +
                                  std::to_string(view.height) +
                                  " failed: " + tjGetErrorStr2(turbo.get())};
}

/// Room for the worst case, so that TurboJPEG never allocates.
Result<void> JpegCodec::Impl::reserve(int width, int height, int subsampling) {
  const unsigned long needed = tjBufSize(width, height, subsampling);
  if (needed > static_cast<unsigned long>(std::numeric_limits<int>::max()))
    return Error{Errc::kUnsupported,
                 "no JPEG has " + std::to_string(width) + "x" + std::to_string(height) + " pixels"};
  if (needed > capacity) {
    capacity = 0;
    buffer.reset(tjAlloc(static_cast<int>(needed)));
    if (buffer == nullptr)
      return Error{Errc::kOutOfMemory,
                   "no memory for a JPEG of " + std::to_string(needed) + " bytes"};
    capacity = needed;
  }
  size = capacity;
  return {};
}

Result<void> JpegCodec::Impl::compress_pixels(const FrameView& view, int subsampling) {
  CLIPBUF_TRY(reserve(view.width, view.height, subsampling));
  const bool bottom_up = view.strides[0] < 0;
  const std::byte* lowest =
      bottom_up ? view.planes[0] + view.strides[0] * (view.height - 1) : view.planes[0];
  const auto pitch = static_cast<int>(bottom_up ? -view.strides[0] : view.strides[0]);
  unsigned char* target = buffer.get();
  if (tjCompress2(turbo.get(), bytes(lowest), view.width, pitch, view.height,
                  turbo_pixel_format(view.format), &target, &size, subsampling, options.quality,
                  TJFLAG_NOREALLOC | (bottom_up ? TJFLAG_BOTTOMUP : 0)) != 0)
    return failure(view);
  return {};
}

Result<void> JpegCodec::Impl::compress_planes(const FrameView& view) {
  const int subsampling = sampling_of(options.subsampling).turbo;
  CLIPBUF_TRY(reserve(view.width, view.height, subsampling));
  std::array<const unsigned char*, 3> planes{bytes(view.planes[0]), bytes(view.planes[1]),
                                             bytes(view.planes[2])};
  const std::array<int, 3> strides{static_cast<int>(view.strides[0]),
                                   static_cast<int>(view.strides[1]),
                                   static_cast<int>(view.strides[2])};
  unsigned char* target = buffer.get();
  if (tjCompressFromYUVPlanes(turbo.get(), planes.data(), view.width, strides.data(), view.height,
                              subsampling, &target, &size, options.quality, TJFLAG_NOREALLOC) != 0)
    return failure(view);
  return {};
}

Result<void> JpegCodec::Impl::compress_converted(const FrameView& view, PixelFormat format) {
  const detail::AvFramePtr source = detail::av_frame_over(view);
  if (source == nullptr) return Error{Errc::kOutOfMemory, "no memory for a frame"};
  CLIPBUF_TRY(scaler.convert(*source,
                             {view.width, view.height, detail::pixel_format_to_av(format),
                              ColorRange::kFull, AVCOL_SPC_SMPTE170M},
                             converted));
  return compress(detail::view_of(*converted));
}

Result<void> JpegCodec::Impl::compress(const FrameView& view) {
  if (view.format == PixelFormat::kGray8) {
    if (view.range == ColorRange::kLimited) return compress_converted(view, PixelFormat::kGray8);
    return compress_pixels(view, TJSAMP_GRAY);
  }
  const Sampling sampling = sampling_of(options.subsampling);
  if (turbo_pixel_format(view.format) != TJPF_UNKNOWN) return compress_pixels(view, sampling.turbo);
  if (view.range == ColorRange::kFull && view.format == sampling.planar &&
      planes_fit(view, options.subsampling))
    return compress_planes(view);
  const bool even = view.width % 2 == 0 && view.height % 2 == 0;
  return compress_converted(
      view, even || sampling.turbo == TJSAMP_444 ? sampling.planar : PixelFormat::kRgb24);
}

static_assert(Codec<JpegCodec>);

JpegCodec::JpegCodec(Options options) : impl_(std::make_unique<Impl>(options)) {}
JpegCodec::JpegCodec(JpegCodec&&) noexcept = default;
JpegCodec& JpegCodec::operator=(JpegCodec&&) noexcept = default;
JpegCodec::~JpegCodec() = default;

Result<void> JpegCodec::encode(const FrameView& frame, EncodeHint hint, const PacketSink& sink) {
  Impl& impl = *impl_;
  if (impl.options.quality < 1 || impl.options.quality > 100)
    return Error{
        Errc::kInvalidArgument,
        "a JPEG quality of " + std::to_string(impl.options.quality) + ", must be 1 to 100"};
  if (impl.turbo == nullptr) return Error{Errc::kOutOfMemory, "no memory for a JPEG encoder"};
  CLIPBUF_TRY(frame.validate());
  CLIPBUF_TRY(detail::check_rising(impl.last, frame.timestamp, hint));
  CLIPBUF_TRY(impl.compress(frame));

  Track& track = impl.track;
  track.codec = "mjpeg";
  track.width = frame.width;
  track.height = frame.height;
  track.pixel_format = frame.format == PixelFormat::kGray8
                           ? "gray"
                           : sampling_of(impl.options.subsampling).track_format;
  track.color_range = ColorRange::kFull;
  track.color_matrix = AVCOL_SPC_BT470BG;
  impl.last = frame.timestamp.time_since_epoch().count();
  return sink(
      detail::key_packet(frame.timestamp, std::as_bytes(std::span(impl.buffer.get(), impl.size))));
}

Result<void> JpegCodec::flush(const PacketSink&) {
  impl_->last = kNoTicks;
  return {};
}

const Track& JpegCodec::track() const noexcept {
  return impl_->track;
}

Result<std::unique_ptr<Decoder>> JpegCodec::decoder(const Track& track) const {
  return make_decoder(track);
}

}  // namespace clipbuf
