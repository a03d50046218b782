#include "detail/audio_encoder.hpp"

#include "detail/av.hpp"
#include "detail/av_log.hpp"
#include "detail/try.hpp"

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/samplefmt.h>
}

#include <algorithm>
#include <span>

namespace clipbuf::detail {
namespace {

Error no_memory() {
  return {Errc::kOutOfMemory, "no memory for an audio encoder"};
}

#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(61, 13, 100)
template <class T>
std::span<const T> supported(const AVCodec& codec, AVCodecConfig what) {
  const void* list = nullptr;
  int count = 0;
  if (avcodec_get_supported_config(nullptr, &codec, what, 0, &list, &count) < 0 || list == nullptr)
    return {};
  return {static_cast<const T*>(list), static_cast<std::size_t>(count)};
}
std::span<const int> rates_of(const AVCodec& codec) {
  return supported<int>(codec, AV_CODEC_CONFIG_SAMPLE_RATE);
}
std::span<const AVSampleFormat> formats_of(const AVCodec& codec) {
  return supported<AVSampleFormat>(codec, AV_CODEC_CONFIG_SAMPLE_FORMAT);
}
std::span<const AVChannelLayout> layouts_of(const AVCodec& codec) {
  return supported<AVChannelLayout>(codec, AV_CODEC_CONFIG_CHANNEL_LAYOUT);
}
#else
template <class T, class IsEnd>
std::span<const T> until(const T* list, IsEnd is_end) {
  std::size_t count = 0;
  while (list != nullptr && !is_end(list[count]))
    ++count;
  return {list, count};
}
std::span<const int> rates_of(const AVCodec& codec) {
  return until(codec.supported_samplerates, [](int rate) { return rate == 0; });
}
std::span<const AVSampleFormat> formats_of(const AVCodec& codec) {
  return until(codec.sample_fmts,
               [](AVSampleFormat format) { return format == AV_SAMPLE_FMT_NONE; });
}
std::span<const AVChannelLayout> layouts_of(const AVCodec& codec) {
  return until(codec.ch_layouts,
               [](const AVChannelLayout& layout) { return layout.nb_channels == 0; });
}
#endif

// The rate itself, else the next higher one, else the highest. Opus is always 48 kHz: that is what
// its containers count in, whatever the encoder was fed.
int pick_rate(const AVCodec& codec, int wanted) {
  constexpr int kOpusRate = 48'000;
  if (codec.id == AV_CODEC_ID_OPUS) return kOpusRate;
  int higher = 0;
  int highest = 0;
  for (const int rate : rates_of(codec)) {
    if (rate >= wanted && (higher == 0 || rate < higher)) higher = rate;
    highest = std::max(highest, rate);
  }
  if (highest == 0) return wanted;
  return higher != 0 ? higher : highest;
}

AVSampleFormat pick_format(const AVCodec& codec, AVSampleFormat wanted) {
  const auto formats = formats_of(codec);
  if (formats.empty()) return wanted;
  const auto is = [](AVSampleFormat format) {
    return [format](AVSampleFormat f) { return f == format; };
  };
  for (const AVSampleFormat format :
       {wanted, av_get_packed_sample_fmt(wanted), av_get_planar_sample_fmt(wanted)})
    if (std::any_of(formats.begin(), formats.end(), is(format))) return format;
  // The last one holds most where an encoder has a choice at all (s16 before s32, s16 before
  // float).
  return formats.back();
}

AVChannelLayout pick_layout(const AVCodec& codec, const AVChannelLayout& wanted) {
  const auto layouts = layouts_of(codec);
  if (layouts.empty()) return wanted;
  for (const AVChannelLayout& layout : layouts)
    if (av_channel_layout_compare(&layout, &wanted) == 0) return plain_layout(layout);
  for (const AVChannelLayout& layout : layouts)
    if (layout.nb_channels == wanted.nb_channels) return plain_layout(layout);
  AVChannelLayout stereo{};
  av_channel_layout_default(&stereo, 2);
  return stereo;
}

// Enough to be transparent for a camera's sound, and below AAC's own limit of 6144 bits per channel
// and frame, which low rates run into.
std::int64_t pick_bit_rate(const AudioFormat& format) {
  constexpr int kMost = 64'000;
  return std::int64_t{format.layout.nb_channels} * std::min(kMost, format.sample_rate * 4);
}

}  // namespace

AVChannelLayout plain_layout(const AVChannelLayout& layout) noexcept {
  AVChannelLayout plain{};
  if (layout.order == AV_CHANNEL_ORDER_NATIVE)
    av_channel_layout_from_mask(&plain, layout.u.mask);
  else
    av_channel_layout_default(&plain, layout.nb_channels);
  return plain;
}

Result<std::unique_ptr<AudioEncoder>> AudioEncoder::open(const std::string& name,
                                                         const AudioFormat& wanted) {
  const AVCodec* codec = avcodec_find_encoder_by_name(name.c_str());
  if (codec == nullptr || codec->type != AVMEDIA_TYPE_AUDIO)
    return Error{Errc::kUnsupported, "this FFmpeg has no audio encoder '" + name + "'"};
  std::unique_ptr<AudioEncoder> encoder(new AudioEncoder);
  encoder->format_ = {pick_rate(*codec, wanted.sample_rate),
                      pick_layout(*codec, plain_layout(wanted.layout)),
                      pick_format(*codec, wanted.sample_format)};
  Result<void> done = encoder->configure(*codec);
  if (!done &&
      encoder->format_.layout.nb_channels > 2) {  // an unusual layout: any player can do stereo
    av_channel_layout_default(&encoder->format_.layout, 2);
    done = encoder->configure(*codec);
  }
  if (!done) return std::move(done).error();
  return encoder;
}

Result<void> AudioEncoder::configure(const AVCodec& codec) {
  context_.reset(avcodec_alloc_context3(&codec));
  packet_.reset(av_packet_alloc());
  if (context_ == nullptr || packet_ == nullptr) return no_memory();
  quiet(*context_);
  context_->sample_rate = format_.sample_rate;
  context_->sample_fmt = format_.sample_format;
  context_->time_base = {1, format_.sample_rate};
  context_->bit_rate = pick_bit_rate(format_);
  context_->flags |=
      AV_CODEC_FLAG_GLOBAL_HEADER;  // parameter sets in the extradata, for any container
  context_->thread_count = 1;
  if (av_channel_layout_copy(&context_->ch_layout, &format_.layout) < 0) return no_memory();
  const std::string what = std::string(codec.name) + " at " + std::to_string(format_.sample_rate) +
                           " Hz with " + std::to_string(format_.layout.nb_channels) + " channels";
  int code = avcodec_open2(context_.get(), &codec, nullptr);
  if (code < 0) return av_error(code, what, Errc::kCodecFailed);
  const AvCodecParametersPtr parameters(avcodec_parameters_alloc());
  if (parameters == nullptr) return no_memory();
  code = avcodec_parameters_from_context(parameters.get(), context_.get());
  if (code < 0) return av_error(code, what, Errc::kCodecFailed);
  track_ = track_from(*parameters, context_->time_base);
  constexpr int kOpusPreRoll = 3840;  // 80 ms; RFC 7845, 4.6
  if (codec.id == AV_CODEC_ID_OPUS && track_.seek_preroll == 0) track_.seek_preroll = kOpusPreRoll;
  constexpr int kFrameOfAnySize = 1024;
  frame_size_ = context_->frame_size > 0 ? context_->frame_size : kFrameOfAnySize;
  fifo_.reset(
      av_audio_fifo_alloc(format_.sample_format, format_.layout.nb_channels, frame_size_ * 2));
  return fifo_ == nullptr ? Result<void>(no_memory()) : Result<void>();
}

Result<void> AudioEncoder::push(const std::uint8_t* const* planes, int samples,
                                const PacketSink& sink) {
  // The queue doesn't change what it reads; its signature says so only from FFmpeg 6 on.
  void* const* data = reinterpret_cast<void* const*>(const_cast<std::uint8_t* const*>(planes));
  if (av_audio_fifo_write(fifo_.get(), const_cast<void**>(data), samples) < samples)
    return no_memory();
  return encode_queued(frame_size_, sink);
}

Result<void> AudioEncoder::push_silence(std::int64_t samples, const PacketSink& sink) {
  if (samples <= 0) return {};
  CLIPBUF_TRY_SET(const AvFramePtr silence, frame_of(frame_size_));
  av_samples_set_silence(silence->extended_data, 0, frame_size_, format_.layout.nb_channels,
                         format_.sample_format);
  while (samples > 0) {
    const int part = static_cast<int>(std::min<std::int64_t>(samples, frame_size_));
    CLIPBUF_TRY(push(silence->extended_data, part, sink));
    samples -= part;
  }
  return {};
}

Result<void> AudioEncoder::flush(const PacketSink& sink) {
  CLIPBUF_TRY(encode_queued(1, sink));
  if (!started_) return {};
  const int code = avcodec_send_frame(context_.get(), nullptr);
  if (code < 0 && code != AVERROR_EOF)
    return av_error(code, "finishing the audio", Errc::kCodecFailed);
  return receive(sink);
}

Result<void> AudioEncoder::encode_queued(int least, const PacketSink& sink) {
  while (av_audio_fifo_size(fifo_.get()) >= least) {
    const int samples = std::min(av_audio_fifo_size(fifo_.get()), frame_size_);
    CLIPBUF_TRY_SET(const AvFramePtr frame, frame_of(samples));
    if (av_audio_fifo_read(fifo_.get(), reinterpret_cast<void**>(frame->extended_data), samples) <
        samples)
      return Error{Errc::kInternal, "the audio queue lost samples"};
    frame->pts = position_;
    position_ += samples;
    started_ = true;
    const int code = avcodec_send_frame(context_.get(), frame.get());
    if (code < 0) return av_error(code, "encoding audio", Errc::kCodecFailed);
    CLIPBUF_TRY(receive(sink));
  }
  return {};
}

Result<void> AudioEncoder::receive(const PacketSink& sink) {
  for (;;) {
    const int code = avcodec_receive_packet(context_.get(), packet_.get());
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return {};
    if (code < 0) return av_error(code, "encoding audio", Errc::kCodecFailed);
    Packet packet;
    packet.key = true;
    packet.pts = packet_->pts;
    packet.dts = packet_->pts;
    packet.duration = packet_->duration;
    packet.data = {reinterpret_cast<const std::byte*>(packet_->data),
                   static_cast<std::size_t>(packet_->size)};
    Result<void> taken = packet_->size > 0 ? sink(packet) : Result<void>();
    av_packet_unref(packet_.get());
    if (!taken) return taken;
  }
}

Result<AvFramePtr> AudioEncoder::frame_of(int samples) const {
  AvFramePtr frame(av_frame_alloc());
  if (frame == nullptr) return no_memory();
  frame->nb_samples = samples;
  frame->format = format_.sample_format;
  frame->sample_rate = format_.sample_rate;
  if (av_channel_layout_copy(&frame->ch_layout, &format_.layout) < 0 ||
      av_frame_get_buffer(frame.get(), 0) < 0)
    return no_memory();
  return frame;
}

}  // namespace clipbuf::detail
