#include "codec/probe.hpp"

#include "codec/video_encoder.hpp"
#include "detail/mutex.hpp"
#include "detail/try.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>

namespace clipbuf {
namespace detail {
namespace {

// Hardware first, then what is good, then what is there.
constexpr std::array kPreferred = {
    "h264_nvenc", "h264_qsv",   "h264_vaapi", "h264_v4l2m2m", "libx264",   "libopenh264",
    "hevc_nvenc", "hevc_qsv",   "hevc_vaapi", "hevc_v4l2m2m", "libx265",   "av1_nvenc",
    "av1_qsv",    "av1_vaapi",  "librav1e",   "libaom-av1",   "libsvtav1", "vp9_qsv",
    "vp9_vaapi",  "libvpx-vp9", "libvpx",     "mpeg4",        "mjpeg",     "ffv1"};

constexpr std::array kCodecs = {AV_CODEC_ID_H264,  AV_CODEC_ID_HEVC, AV_CODEC_ID_AV1,
                                AV_CODEC_ID_VP9,   AV_CODEC_ID_VP8,  AV_CODEC_ID_MPEG4,
                                AV_CODEC_ID_MJPEG, AV_CODEC_ID_FFV1};

std::size_t rank(const AVCodec& codec) noexcept {
  const auto* found = std::find(kPreferred.begin(), kPreferred.end(), std::string_view(codec.name));
  return static_cast<std::size_t>(found - kPreferred.begin());
}

std::vector<const AVCodec*> encoders_of(AVCodecID id) {
  std::vector<const AVCodec*> all;
  void* position = nullptr;
  while (const AVCodec* codec = av_codec_iterate(&position))
    if (codec->id == id && av_codec_is_encoder(codec) != 0) all.push_back(codec);
  std::stable_sort(all.begin(), all.end(),
                   [](const AVCodec* a, const AVCodec* b) { return rank(*a) < rank(*b); });
  return all;
}

/// One gray picture, really encoded.
Result<void> encode_one_frame(const AVCodec& codec) {
  constexpr int kWidth = 320;  // some hardware takes nothing smaller
  constexpr int kHeight = 240;
  constexpr std::size_t kLuma = std::size_t{kWidth} * kHeight;
  const std::vector<std::byte> pixels(kLuma * 3 / 2, std::byte{128});
  FrameView view;
  view.format = PixelFormat::kYuv420p;
  view.width = kWidth;
  view.height = kHeight;
  view.planes = {pixels.data(), pixels.data() + kLuma, pixels.data() + kLuma * 5 / 4};
  view.strides = {kWidth, kWidth / 2, kWidth / 2};
  VideoCodec::Options options;
  options.threads = 1;
  CLIPBUF_TRY_SET(const auto encoder, VideoEncoder::open(codec, options, view));
  std::size_t bytes = 0;
  const PacketSink sink = [&](const Packet& packet) -> Result<void> {
    bytes += packet.data.size();
    return {};
  };
  CLIPBUF_TRY(encoder->encode(view, true, sink));
  if (const Result<bool> drained = encoder->drain(sink); !drained) return drained.error();
  if (bytes == 0) return Error{Errc::kCodecFailed, "it took a picture and made nothing of it"};
  return {};
}

struct Cache {
  Mutex mutex;
  std::map<std::string, EncoderInfo, std::less<>> known CLIPBUF_GUARDED_BY(mutex);
};

Cache& cache() {
  static Cache instance;
  return instance;
}

/// FFmpeg's wrappers for these open their drivers at length, and leak, just to find no device.
Result<void> check_device([[maybe_unused]] std::string_view name) {
#ifdef __linux__
  std::error_code ignored;
  const bool needs_gpu = name.ends_with("_qsv") || name.ends_with("_vaapi");
  if (needs_gpu && !std::filesystem::exists("/dev/dri", ignored))
    return Error{Errc::kUnsupported, "no GPU device: there is no /dev/dri"};
#endif
  return {};
}

EncoderInfo try_encoder(const AVCodec& codec) {
  EncoderInfo info;
  info.name = codec.name;
  info.codec = avcodec_get_name(codec.id);
  info.hardware = (codec.capabilities & (AV_CODEC_CAP_HARDWARE | AV_CODEC_CAP_HYBRID)) != 0;
  Result<void> tried = check_device(codec.name);
  if (tried) tried = encode_one_frame(codec);
  info.works = tried.has_value();
  if (!tried) info.why_not = tried.error().message;
  return info;
}

/// SVT-AV1 writes to stderr, past every log callback, and the library never prints: only who asks
/// for it by name, or has silenced it, gets it.
bool prints(const AVCodec& codec) noexcept {
  return std::string_view(codec.name) == "libsvtav1" && std::getenv("SVT_LOG") == nullptr;
}

EncoderInfo not_tried(const AVCodec& codec) {
  EncoderInfo info;
  info.name = codec.name;
  info.codec = avcodec_get_name(codec.id);
  info.why_not = "not tried: it prints to stderr unless SVT_LOG is set; choose it by its name";
  return info;
}

std::vector<const AVCodec*> candidates(const std::string& name) {
  std::vector<const AVCodec*> found;
  if (name == "auto" || name == "h264") {
    for (const char* each : {"h264_nvenc", "h264_qsv", "h264_vaapi", "h264_v4l2m2m", "libx264",
                             "libopenh264", "mpeg4"})
      if (const AVCodec* codec = avcodec_find_encoder_by_name(each)) found.push_back(codec);
    return found;
  }
  if (const AVCodec* codec = avcodec_find_encoder_by_name(name.c_str())) return {codec};
  const AVCodecDescriptor* descriptor = avcodec_descriptor_get_by_name(name.c_str());
  if (descriptor != nullptr) found = encoders_of(descriptor->id);
  std::erase_if(found, [](const AVCodec* codec) { return prints(*codec); });
  return found;
}

}  // namespace

EncoderInfo probe_encoder(const AVCodec& codec) {
  {
    const MutexLock lock(cache().mutex);
    const auto found = cache().known.find(codec.name);
    if (found != cache().known.end()) return found->second;
  }
  // Not under the lock: another thread may try the same one meanwhile, which harms nothing.
  EncoderInfo info = try_encoder(codec);
  const MutexLock lock(cache().mutex);
  return cache().known.try_emplace(codec.name, std::move(info)).first->second;
}

Result<const AVCodec*> find_encoder(const std::string& name) {
  std::string reasons;
  for (const AVCodec* codec : candidates(name)) {
    if (codec->type != AVMEDIA_TYPE_VIDEO) continue;
    const EncoderInfo info = probe_encoder(*codec);
    if (info.works) return codec;
    reasons += (reasons.empty() ? "" : "; ") + info.name + ": " + info.why_not;
  }
  if (reasons.empty())
    return Error{Errc::kUnsupported, "this FFmpeg has no video encoder '" + name + "'"};
  return Error{Errc::kUnsupported, "no encoder for '" + name + "' works here (" + reasons + ")"};
}

}  // namespace detail

std::vector<EncoderInfo> probe_encoders() {
  std::vector<EncoderInfo> all;
  for (const AVCodecID id : detail::kCodecs)
    for (const AVCodec* codec : detail::encoders_of(id))
      all.push_back(detail::prints(*codec) ? detail::not_tried(*codec)
                                           : detail::probe_encoder(*codec));
  return all;
}

}  // namespace clipbuf
