#include "detail/av.hpp"

extern "C" {
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace clipbuf::detail {
namespace {

Errc errc_from_av(int code, Errc fallback) noexcept {
  switch (code) {
    case AVERROR(ENOSPC):
    case AVERROR(EDQUOT):
    case AVERROR(EFBIG):
      return Errc::kStorageFull;
    case AVERROR(ENOMEM):
      return Errc::kOutOfMemory;
    case AVERROR(ETIMEDOUT):
      return Errc::kTimedOut;
    case AVERROR_EXIT:
      return Errc::kCancelled;
    case AVERROR_INVALIDDATA:
      return Errc::kCorruptData;
    case AVERROR_EOF:
      return Errc::kEndOfStream;
    default:
      return fallback;
  }
}

struct FormatPair {
  AVPixelFormat av;
  PixelFormat ours;
};

// The first row of a format of ours is the one pixel_format_to_av gives. FFmpeg's yuvj formats are
// the same pixels with the range in the name; view_of() moves it to where it belongs.
constexpr std::array kFormats = {
    FormatPair{AV_PIX_FMT_GRAY8, PixelFormat::kGray8},
    FormatPair{AV_PIX_FMT_BGR24, PixelFormat::kBgr24},
    FormatPair{AV_PIX_FMT_RGB24, PixelFormat::kRgb24},
    FormatPair{AV_PIX_FMT_BGRA, PixelFormat::kBgra},
    FormatPair{AV_PIX_FMT_RGBA, PixelFormat::kRgba},
    FormatPair{AV_PIX_FMT_YUV420P, PixelFormat::kYuv420p},
    FormatPair{AV_PIX_FMT_YUV422P, PixelFormat::kYuv422p},
    FormatPair{AV_PIX_FMT_YUV444P, PixelFormat::kYuv444p},
    FormatPair{AV_PIX_FMT_NV12, PixelFormat::kNv12},
    FormatPair{AV_PIX_FMT_YUYV422, PixelFormat::kYuyv422},
    FormatPair{AV_PIX_FMT_YUV420P10LE, PixelFormat::kYuv420p10},
    FormatPair{AV_PIX_FMT_YUV422P10LE, PixelFormat::kYuv422p10},
    FormatPair{AV_PIX_FMT_YUV444P10LE, PixelFormat::kYuv444p10},
    FormatPair{AV_PIX_FMT_YUVJ420P, PixelFormat::kYuv420p},
    FormatPair{AV_PIX_FMT_YUVJ422P, PixelFormat::kYuv422p},
    FormatPair{AV_PIX_FMT_YUVJ444P, PixelFormat::kYuv444p},
};

bool full_range_by_name(int format) noexcept {
  return format == AV_PIX_FMT_YUVJ420P || format == AV_PIX_FMT_YUVJ422P ||
         format == AV_PIX_FMT_YUVJ444P;
}

std::string text_or_empty(const char* text) {
  return text == nullptr ? std::string() : text;
}

void read_video(const AVCodecParameters& p, Track& track) {
  track.width = p.width;
  track.height = p.height;
  track.pixel_format = text_or_empty(av_get_pix_fmt_name(static_cast<AVPixelFormat>(p.format)));
  track.sample_aspect_ratio = from_av(p.sample_aspect_ratio);
  track.color_range = static_cast<ColorRange>(p.color_range);
  track.color_primaries = p.color_primaries;
  track.color_transfer = p.color_trc;
  track.color_matrix = p.color_space;
  track.chroma_location = p.chroma_location;
  track.field_order = p.field_order;
  track.reorder_depth = p.video_delay;
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 102)
  track.frame_rate = from_av(p.framerate);
  const AVPacketSideData* side =
      av_packet_side_data_get(p.coded_side_data, p.nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
  if (side != nullptr && side->size >= sizeof(track.display_matrix))
    std::memcpy(track.display_matrix.data(), side->data, sizeof(track.display_matrix));
#endif
}

void read_audio(const AVCodecParameters& p, Track& track) {
  track.sample_rate = p.sample_rate;
  track.channels = p.ch_layout.nb_channels;
  if (p.ch_layout.order == AV_CHANNEL_ORDER_NATIVE) track.channel_mask = p.ch_layout.u.mask;
  track.sample_format =
      text_or_empty(av_get_sample_fmt_name(static_cast<AVSampleFormat>(p.format)));
  track.frame_size = p.frame_size;
  track.block_align = p.block_align;
  track.initial_padding = p.initial_padding;
  track.seek_preroll = p.seek_preroll;
}

Result<void> write_video(const Track& track, AVCodecParameters& p) {
  p.width = track.width;
  p.height = track.height;
  p.format =
      track.pixel_format.empty() ? AV_PIX_FMT_NONE : av_get_pix_fmt(track.pixel_format.c_str());
  p.sample_aspect_ratio = to_av(track.sample_aspect_ratio);
  p.color_range = static_cast<AVColorRange>(track.color_range);
  p.color_primaries = static_cast<AVColorPrimaries>(track.color_primaries);
  p.color_trc = static_cast<AVColorTransferCharacteristic>(track.color_transfer);
  p.color_space = static_cast<AVColorSpace>(track.color_matrix);
  p.chroma_location = static_cast<AVChromaLocation>(track.chroma_location);
  p.field_order = static_cast<AVFieldOrder>(track.field_order);
  p.video_delay = track.reorder_depth;
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 102)
  p.framerate = to_av(track.frame_rate);
  if (track.display_matrix != decltype(track.display_matrix){}) {
    AVPacketSideData* side =
        av_packet_side_data_new(&p.coded_side_data, &p.nb_coded_side_data,
                                AV_PKT_DATA_DISPLAYMATRIX, sizeof(track.display_matrix), 0);
    if (side == nullptr) return Error{Errc::kOutOfMemory, "no memory for a display matrix"};
    std::memcpy(side->data, track.display_matrix.data(), sizeof(track.display_matrix));
  }
#endif
  return {};
}

Result<void> write_audio(const Track& track, AVCodecParameters& p) {
  p.sample_rate = track.sample_rate;
  if (track.channel_mask != 0) {
    const int code = av_channel_layout_from_mask(&p.ch_layout, track.channel_mask);
    if (code < 0) return av_error(code, "channel layout of an audio track", Errc::kInvalidArgument);
  } else if (track.channels > 0) {
    av_channel_layout_default(&p.ch_layout, track.channels);
  }
  p.format = track.sample_format.empty() ? AV_SAMPLE_FMT_NONE
                                         : av_get_sample_fmt(track.sample_format.c_str());
  p.frame_size = track.frame_size;
  p.block_align = track.block_align;
  p.initial_padding = track.initial_padding;
  p.seek_preroll = track.seek_preroll;
  return {};
}

AVMediaType media_type(TrackKind kind, AVMediaType of_codec) noexcept {
  switch (kind) {
    case TrackKind::kVideo:
      return AVMEDIA_TYPE_VIDEO;
    case TrackKind::kAudio:
      return AVMEDIA_TYPE_AUDIO;
    case TrackKind::kMetadata:
      return of_codec == AVMEDIA_TYPE_SUBTITLE ? of_codec : AVMEDIA_TYPE_DATA;
  }
  return AVMEDIA_TYPE_UNKNOWN;
}

Result<void> write_extradata(const Track& track, AVCodecParameters& p) {
  if (track.extradata.empty()) return {};
  const std::size_t size = track.extradata.size();
  if (size > (std::size_t{1} << 28))
    return Error{Errc::kInvalidArgument,
                 "a track has " + std::to_string(size) + " bytes of extradata"};
  p.extradata = static_cast<std::uint8_t*>(av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE));
  if (p.extradata == nullptr) return Error{Errc::kOutOfMemory, "no memory for a track's extradata"};
  std::memcpy(p.extradata, track.extradata.data(), size);
  p.extradata_size = static_cast<int>(size);
  return {};
}

}  // namespace

Error av_error(int code, const std::string& what, Errc fallback) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(code, text.data(), text.size());
  return {errc_from_av(code, fallback), what + ": " + text.data()};
}

Track track_from(const AVCodecParameters& p, AVRational time_base) {
  Track track;
  track.kind = p.codec_type == AVMEDIA_TYPE_VIDEO   ? TrackKind::kVideo
               : p.codec_type == AVMEDIA_TYPE_AUDIO ? TrackKind::kAudio
                                                    : TrackKind::kMetadata;
  track.codec = avcodec_get_name(p.codec_id);
  track.time_base = from_av(time_base);
  if (p.extradata_size > 0) {
    const auto* begin = reinterpret_cast<const std::byte*>(p.extradata);
    track.extradata.assign(begin, begin + p.extradata_size);
  }
  track.codec_tag = p.codec_tag;
  track.profile = p.profile;
  track.level = p.level;
  track.bit_rate = p.bit_rate;
  track.bits_per_coded_sample = p.bits_per_coded_sample;
  if (track.kind == TrackKind::kVideo) read_video(p, track);
  if (track.kind == TrackKind::kAudio) read_audio(p, track);
  return track;
}

Result<AvCodecParametersPtr> parameters_from(const Track& track) {
  const AVCodecDescriptor* codec = avcodec_descriptor_get_by_name(track.codec.c_str());
  if (codec == nullptr)
    return Error{Errc::kUnsupported, "FFmpeg knows no codec '" + track.codec + "'"};
  AvCodecParametersPtr p(avcodec_parameters_alloc());
  if (p == nullptr) return Error{Errc::kOutOfMemory, "no memory for codec parameters"};
  p->codec_type = media_type(track.kind, codec->type);
  p->codec_id = codec->id;
  p->codec_tag = track.codec_tag;
  p->profile = track.profile;
  p->level = track.level;
  p->bit_rate = track.bit_rate;
  p->bits_per_coded_sample = track.bits_per_coded_sample;
  Result<void> done = write_extradata(track, *p);
  if (done && track.kind == TrackKind::kVideo) done = write_video(track, *p);
  if (done && track.kind == TrackKind::kAudio) done = write_audio(track, *p);
  if (!done) return std::move(done).error();
  return p;
}

PixelFormat pixel_format_from_av(int av_pixel_format) noexcept {
  for (const FormatPair& pair : kFormats)
    if (pair.av == av_pixel_format) return pair.ours;
  return PixelFormat::kUnknown;
}

int pixel_format_to_av(PixelFormat format) noexcept {
  for (const FormatPair& pair : kFormats)
    if (pair.ours == format) return pair.av;
  return AV_PIX_FMT_NONE;
}

FrameView view_of(const AVFrame& frame) noexcept {
  FrameView view;
  view.format = pixel_format_from_av(frame.format);
  view.width = frame.width;
  view.height = frame.height;
  view.range = full_range_by_name(frame.format) ? ColorRange::kFull
                                                : static_cast<ColorRange>(frame.color_range);
  const int planes = plane_layout(view.format, view.width, view.height).planes;
  for (int i = 0; i < planes; ++i) {
    const auto at = static_cast<std::size_t>(i);
    view.planes[at] = reinterpret_cast<const std::byte*>(frame.data[i]);
    view.strides[at] = frame.linesize[i];
  }
  return view;
}

AvFramePtr av_frame_over(const FrameView& view) {
  AvFramePtr frame(av_frame_alloc());
  if (frame == nullptr) return nullptr;
  frame->format = pixel_format_to_av(view.format);
  frame->width = view.width;
  frame->height = view.height;
  frame->color_range = static_cast<AVColorRange>(view.range);
  for (std::size_t i = 0; i < view.planes.size(); ++i) {
    // AVFrame has no const; whoever writes to a frame with buf[0] == nullptr breaks its contract.
    frame->data[i] = reinterpret_cast<std::uint8_t*>(const_cast<std::byte*>(view.planes[i]));
    frame->linesize[i] = static_cast<int>(view.strides[i]);
  }
  return frame;
}

}  // namespace clipbuf::detail
