#include "codec/encoder_setup.hpp"

#include "detail/av_log.hpp"
#include "detail/scale.hpp"
#include "detail/try.hpp"

extern "C" {
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace clipbuf::detail {
namespace {

const AVPixFmtDescriptor* describe(int format) noexcept {
  return av_pix_fmt_desc_get(static_cast<AVPixelFormat>(format));
}

/// The formats an encoder lists; empty when it lists none.
std::span<const AVPixelFormat> formats_of(const AVCodec& codec) noexcept {
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(61, 13, 100)
  const void* list = nullptr;
  int count = 0;
  if (avcodec_get_supported_config(nullptr, &codec, AV_CODEC_CONFIG_PIX_FORMAT, 0, &list, &count) <
          0 ||
      list == nullptr)
    return {};
  return {static_cast<const AVPixelFormat*>(list), static_cast<std::size_t>(count)};
#else
  if (codec.pix_fmts == nullptr) return {};
  const AVPixelFormat* end = codec.pix_fmts;
  while (*end != AV_PIX_FMT_NONE)
    ++end;
  return {codec.pix_fmts, end};
#endif
}

bool takes(std::span<const AVPixelFormat> formats, int format) noexcept {
  return std::find(formats.begin(), formats.end(), format) != formats.end();
}

bool only_lossless(const AVCodec& codec) noexcept {
  const AVCodecDescriptor* d = avcodec_descriptor_get(codec.id);
  return d != nullptr && (d->props & AV_CODEC_PROP_LOSSLESS) != 0 &&
         (d->props & AV_CODEC_PROP_LOSSY) == 0;
}

/// What would suit the viewers best, whether or not the encoder takes it.
int wish(const AVCodec& codec, const FrameView& view) noexcept {
  if (only_lossless(codec)) return pixel_format_to_av(view.format);
  switch (view.format) {
    case PixelFormat::kGray8:
    case PixelFormat::kBgr24:
    case PixelFormat::kRgb24:
    case PixelFormat::kBgra:
    case PixelFormat::kRgba:
    case PixelFormat::kYuyv422:
      return AV_PIX_FMT_YUV420P;
    default:
      return pixel_format_to_av(view.format);
  }
}

int nearest(std::span<const AVPixelFormat> formats, int wanted) {
  if (formats.empty() || takes(formats, wanted)) return wanted;
  AVPixelFormat best = AV_PIX_FMT_NONE;
  for (const AVPixelFormat candidate : formats) {
    const AVPixFmtDescriptor* d = describe(candidate);
    if (d == nullptr || (d->flags & AV_PIX_FMT_FLAG_HWACCEL) != 0) continue;
    best = best == AV_PIX_FMT_NONE
               ? candidate
               : av_find_best_pix_fmt_of_2(best, candidate, static_cast<AVPixelFormat>(wanted), 1,
                                           nullptr);
  }
  return best;
}

/// H.264 and HEVC describe sizes in steps of the chroma samples, and AV1's encoders want even ones.
bool must_be_whole_chroma(AVCodecID id) noexcept {
  return id == AV_CODEC_ID_H264 || id == AV_CODEC_ID_HEVC || id == AV_CODEC_ID_AV1;
}

void fit_odd_size(const AVCodec& codec, std::span<const AVPixelFormat> formats, bool may_change,
                  EncoderInput& input) {
  const AVPixFmtDescriptor* d = describe(input.format);
  if (d == nullptr || !must_be_whole_chroma(codec.id)) return;
  const bool odd_width = d->log2_chroma_w > 0 && input.width % 2 != 0;
  const bool odd_height = d->log2_chroma_h > 0 && input.height % 2 != 0;
  if (!odd_width && !odd_height) return;
  const int full_chroma = d->comp[0].depth > 8 ? AV_PIX_FMT_YUV444P10LE : AV_PIX_FMT_YUV444P;
  const bool too_small = (odd_width && input.width == 1) || (odd_height && input.height == 1);
  if ((may_change || too_small) && takes(formats, full_chroma)) {
    input.format = full_chroma;
    return;
  }
  if (odd_width && input.width > 1) --input.width;
  if (odd_height && input.height > 1) --input.height;
}

/// JPEG is full range by definition; FFmpeg before 7 tells that by the format's name only.
void make_full_range(std::span<const AVPixelFormat> formats, EncoderInput& input) {
  const int named = input.format == AV_PIX_FMT_YUV420P   ? AV_PIX_FMT_YUVJ420P
                    : input.format == AV_PIX_FMT_YUV422P ? AV_PIX_FMT_YUVJ422P
                    : input.format == AV_PIX_FMT_YUV444P ? AV_PIX_FMT_YUVJ444P
                                                         : input.format;
  if (takes(formats, named)) input.format = named;
  input.range = ColorRange::kFull;
  input.matrix = AVCOL_SPC_BT470BG;
}

void choose_colors(const FrameView& view, EncoderInput& input) noexcept {
  const AVPixFmtDescriptor* to = describe(input.format);
  const AVPixFmtDescriptor* from = describe(pixel_format_to_av(view.format));
  if ((to->flags & AV_PIX_FMT_FLAG_RGB) != 0) {
    input.range = ColorRange::kFull;
    input.matrix = AVCOL_SPC_RGB;
  } else if ((from->flags & AV_PIX_FMT_FLAG_RGB) != 0) {
    input.range = ColorRange::kLimited;
    input.matrix = default_matrix(input.height, input.range);
  } else if (from->nb_components == 1) {
    input.range = to->nb_components == 1 ? ColorRange::kFull : ColorRange::kLimited;
  } else {
    input.range = view.range;
  }
}

class OptionSetter {
 public:
  explicit OptionSetter(AVCodecContext& context) noexcept : context_(context) {}

  bool has(const char* name) const noexcept {
    return context_.codec->priv_class != nullptr &&
           av_opt_find(context_.priv_data, name, nullptr, 0, 0) != nullptr;
  }
  /// Sets one of the encoder's own options, where it has it and takes the value.
  void set(const char* name, const std::string& value) const noexcept {
    if (takes(name, value)) av_opt_set(context_.priv_data, name, value.c_str(), 0);
  }

 private:
  /// Asked first, because av_opt_set() logs what it refuses, past the log offset of the context.
  bool takes(const char* name, const std::string& value) const noexcept {
    if (!has(name)) return false;
    const AVOption* option = av_opt_find(context_.priv_data, name, nullptr, 0, 0);
    if (option->type == AV_OPT_TYPE_STRING || option->type == AV_OPT_TYPE_DICT) return true;
    if (value.find_first_not_of("0123456789.-") == std::string::npos) return true;
    return option->unit != nullptr &&
           av_opt_find(context_.priv_data, value.c_str(), option->unit, 0, 0) != nullptr;
  }

  AVCodecContext& context_;
};

bool name_is(const AVCodec& codec, std::string_view name) noexcept {
  return codec.name == name;
}
bool name_has(const AVCodec& codec, std::string_view part) noexcept {
  return std::string_view(codec.name).find(part) != std::string_view::npos;
}

/// A bit rate for encoders that know nothing else: a tenth of a bit per pixel, doubled every 6
/// steps.
std::int64_t usual_bit_rate(const AVCodecContext& context, int quality) {
  const double frames = av_q2d(context.framerate) > 0 ? av_q2d(context.framerate) : 30;
  const double pixels = static_cast<double>(context.width) * context.height;
  return static_cast<std::int64_t>(0.1 * pixels * frames * std::exp2((23 - quality) / 6.0)) + 1000;
}

void set_rate(const AVCodec& codec, const VideoCodec::Options& options, AVCodecContext& context) {
  const OptionSetter own(context);
  if (options.bit_rate > 0) {
    context.bit_rate = options.bit_rate;
    return;
  }
  const int quality = std::clamp(options.quality, 0, 51);
  context.bit_rate = 0;
  if (own.has("crf")) {
    // VP9 and AV1 count to 63.
    const bool to_63 = name_has(codec, "vpx") || name_has(codec, "av1");
    own.set("crf", std::to_string(to_63 ? quality * 63 / 51 : quality));
  } else if (name_has(codec, "nvenc")) {
    own.set("rc", "vbr");
    own.set("cq", std::to_string(std::max(quality, 1)));
  } else if (name_has(codec, "qsv")) {
    context.global_quality = std::max(quality, 1);
  } else if (codec.id == AV_CODEC_ID_MPEG4 || codec.id == AV_CODEC_ID_MJPEG) {
    // The quantizer step of H.264 doubles every 6, from 1 at 4; theirs is twice the number.
    const double scale = std::clamp(std::round(std::exp2((quality - 4) / 6.0) / 2), 1.0, 31.0);
    context.flags |= AV_CODEC_FLAG_QSCALE;
    context.global_quality = FF_QP2LAMBDA * static_cast<int>(scale);
  } else if (!only_lossless(codec)) {
    context.bit_rate = usual_bit_rate(context, quality);
  }
}

bool is_x26x(const AVCodec& codec) noexcept {
  return name_is(codec, "libx264") || name_is(codec, "libx264rgb") || name_is(codec, "libx265");
}

/// x264 and x265 print by themselves that they don't know a preset.
Result<void> check_preset(const AVCodec& codec, const std::string& preset) {
  static constexpr std::array kPresets = {"ultrafast", "superfast", "veryfast", "faster",
                                          "fast",      "medium",    "slow",     "slower",
                                          "veryslow",  "placebo"};
  if (!is_x26x(codec) || preset.empty()) return {};
  if (std::find(kPresets.begin(), kPresets.end(), std::string_view(preset)) != kPresets.end())
    return {};
  return Error{Errc::kInvalidArgument, std::string(codec.name) + " has no preset '" + preset +
                                           "'; it has ultrafast to placebo"};
}

void set_speed(const AVCodec& codec, const VideoCodec::Options& options, AVCodecContext& context) {
  const OptionSetter own(context);
  if (name_is(codec, "libsvtav1") && options.preset == "veryfast")
    own.set("preset", "10");
  else if (!options.preset.empty())
    own.set("preset", options.preset);
  own.set("forced-idr", "1");
  own.set("forced_idr", "1");
  // x265 prints by itself, past every log callback.
  own.set("x265-params", "log-level=none");
  if (name_has(codec, "libvpx")) own.set("deadline", "realtime");
  if (name_has(codec, "libvpx") || name_has(codec, "libaom")) own.set("cpu-used", "8");
  if (name_has(codec, "librav1e")) own.set("speed", "10");
  if (options.max_b_frames > 0) return;
  // Live: a frame goes out as soon as it came in.
  if (is_x26x(codec)) own.set("tune", "zerolatency");
  if (name_has(codec, "nvenc")) {
    own.set("tune", "ll");
    own.set("delay", "0");
    own.set("zerolatency", "1");
  }
  if (name_has(codec, "libvpx") || name_has(codec, "libaom")) own.set("lag-in-frames", "0");
}

/// Key frames come by the clock; the encoder's own count is only a bound for when the hint is
/// wrong.
int gop_size(const VideoCodec::Options& options) noexcept {
  const double rate = options.frame_rate.num > 0 && options.frame_rate.den > 0
                          ? static_cast<double>(options.frame_rate.num) /
                                static_cast<double>(options.frame_rate.den)
                          : 30;
  const double seconds = std::chrono::duration<double>(options.key_interval).count();
  return static_cast<int>(std::clamp(4 * rate * seconds, 1.0, 1200.0));
}

void configure(const AVCodec& codec, const VideoCodec::Options& options, const EncoderInput& input,
               AVCodecContext& context) {
  quiet(context);
  context.width = input.width;
  context.height = input.height;
  context.pix_fmt = static_cast<AVPixelFormat>(input.format);
  context.color_range = static_cast<AVColorRange>(input.range);
  context.colorspace = static_cast<AVColorSpace>(input.matrix);
  // MPEG-4 writes the time base into its headers, in 16 bits.
  context.time_base = {1, codec.id == AV_CODEC_ID_MPEG4 ? 60'000 : 1'000'000};
  context.framerate = to_av(options.frame_rate);
  context.gop_size = gop_size(options);
  context.max_b_frames = options.max_b_frames;
  context.thread_count = options.threads;
  if (codec.id == AV_CODEC_ID_MJPEG || codec.id == AV_CODEC_ID_FFV1) {
    context.gop_size = 1;  // all intra; and frame threads would only add delay
    context.thread_type = FF_THREAD_SLICE;
  }
  context.flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  set_rate(codec, options, context);
  set_speed(codec, options, context);
}

struct DictionaryDeleter {
  void operator()(AVDictionary* p) const noexcept { av_dict_free(&p); }
};
using DictionaryPtr = std::unique_ptr<AVDictionary, DictionaryDeleter>;

Result<DictionaryPtr> parse_extra(const std::string& extra) {
  AVDictionary* raw = nullptr;
  const int code = extra.empty() ? 0 : av_dict_parse_string(&raw, extra.c_str(), "=", ":", 0);
  DictionaryPtr options(raw);
  if (code < 0) return Error{Errc::kInvalidArgument, "encoder options must be key=value:key=value"};
  return options;
}

}  // namespace

Result<EncoderInput> choose_input(const AVCodec& codec, const VideoCodec::Options& options,
                                  const FrameView& view) {
  const auto formats = formats_of(codec);
  EncoderInput input;
  input.width = view.width;
  input.height = view.height;
  const bool given = !options.pixel_format.empty();
  if (given) {
    input.format = av_get_pix_fmt(options.pixel_format.c_str());
    if (input.format == AV_PIX_FMT_NONE)
      return Error{Errc::kInvalidArgument,
                   "FFmpeg knows no pixel format '" + options.pixel_format + "'"};
    if (!formats.empty() && !takes(formats, input.format))
      return Error{Errc::kUnsupported, std::string(codec.name) + " does not take pixel format '" +
                                           options.pixel_format + "'"};
  } else {
    input.format = nearest(formats, wish(codec, view));
    if (input.format == AV_PIX_FMT_NONE)
      return Error{Errc::kUnsupported,
                   std::string(codec.name) + " takes pictures in a device's memory only"};
  }
  fit_odd_size(codec, formats, !given, input);
  choose_colors(view, input);
  if (codec.id == AV_CODEC_ID_MJPEG) make_full_range(formats, input);
  return input;
}

std::string color_options(const Track& track) {
  std::string options;
  const auto add = [&](const char* name, int value, int unspecified) {
    if (value != unspecified && value != 0)  // 0 is RGB as a matrix, and reserved else
      options += (options.empty() ? "" : ":") + std::string(name) + "=" + std::to_string(value);
  };
  add("colorspace", track.color_matrix, AVCOL_SPC_UNSPECIFIED);
  add("color_primaries", track.color_primaries, AVCOL_PRI_UNSPECIFIED);
  add("color_trc", track.color_transfer, AVCOL_TRC_UNSPECIFIED);
  add("chroma_sample_location", track.chroma_location, AVCHROMA_LOC_UNSPECIFIED);
  return options;
}

Result<AvCodecContextPtr> open_encoder(const AVCodec& codec, const VideoCodec::Options& options,
                                       const EncoderInput& input) {
  CLIPBUF_TRY(check_preset(codec, options.preset));
  CLIPBUF_TRY_SET(DictionaryPtr extra, parse_extra(options.extra));
  AvCodecContextPtr context(avcodec_alloc_context3(&codec));
  if (context == nullptr)
    return Error{Errc::kOutOfMemory, std::string("no memory for ") + codec.name};
  configure(codec, options, input, *context);
  AVDictionary* left = extra.release();
  const int code = avcodec_open2(context.get(), &codec, &left);
  extra.reset(left);
  if (code < 0) return av_error(code, std::string("opening ") + codec.name, Errc::kCodecFailed);
  if (const AVDictionaryEntry* unknown = av_dict_get(left, "", nullptr, AV_DICT_IGNORE_SUFFIX))
    return Error{Errc::kInvalidArgument,
                 std::string(codec.name) + " has no option '" + unknown->key + "'"};
  return context;
}

}  // namespace clipbuf::detail
