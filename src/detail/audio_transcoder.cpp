#include "detail/audio_transcoder.hpp"

#include "detail/av.hpp"
#include "detail/av_log.hpp"
#include "detail/try.hpp"

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/samplefmt.h>
}

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace clipbuf::detail {
namespace {

__extension__ using Wide = __int128;

// No output position comes near it, so sums of two can't overflow.
constexpr std::int64_t kFarAway = std::int64_t{1} << 60;

constexpr int kMaxChannels = 64;
constexpr int kMaxSampleRate = 768'000;

Error no_memory() {
  return {Errc::kOutOfMemory, "no memory for decoding audio"};
}

bool same_format(const AudioFormat& a, const AudioFormat& b) {
  return a.sample_rate == b.sample_rate && a.sample_format == b.sample_format &&
         av_channel_layout_compare(&a.layout, &b.layout) == 0;
}

AudioFormat format_of(const AVFrame& frame) {
  return {frame.sample_rate, plain_layout(frame.ch_layout),
          static_cast<AVSampleFormat>(frame.format)};
}

Result<void> check(const AudioFormat& format, const std::string& codec) {
  const int channels = format.layout.nb_channels;
  if (format.sample_rate > 0 && format.sample_rate <= kMaxSampleRate && channels > 0 &&
      channels <= kMaxChannels)
    return {};
  return Error{Errc::kInvalidArgument, codec + " audio with " + std::to_string(format.sample_rate) +
                                           " Hz and " + std::to_string(channels) +
                                           " channels can't be transcoded"};
}

}  // namespace

AudioTranscoder::~AudioTranscoder() = default;

Result<std::unique_ptr<AudioTranscoder>> AudioTranscoder::open(const Track& in,
                                                               std::string_view encoder) {
  std::unique_ptr<AudioTranscoder> transcoder(new AudioTranscoder);
  CLIPBUF_TRY(transcoder->open_decoder(in));
  const AVCodecContext& decoder = *transcoder->decoder_;
  const AudioFormat format{decoder.sample_rate, plain_layout(decoder.ch_layout),
                           decoder.sample_fmt};
  CLIPBUF_TRY(check(format, in.codec));
  CLIPBUF_TRY_SET(transcoder->encoder_, AudioEncoder::open(std::string(encoder), format));
  transcoder->set_range(Duration{0}, std::chrono::hours(24));
  return transcoder;
}

Result<void> AudioTranscoder::change_input(const Track& in, const PacketSink& sink) {
  CLIPBUF_TRY(drain(sink));
  return open_decoder(in);
}

Result<void> AudioTranscoder::open_decoder(const Track& in) {
  if (in.kind != TrackKind::kAudio)
    return Error{Errc::kInvalidArgument, "a track of codec " + in.codec + " is no audio"};
  if (in.time_base.num <= 0 || in.time_base.den <= 0)
    return Error{Errc::kInvalidArgument, "audio with time base " +
                                             std::to_string(in.time_base.num) + "/" +
                                             std::to_string(in.time_base.den)};
  time_base_ = in.time_base;
  CLIPBUF_TRY_SET(const AvCodecParametersPtr parameters, parameters_from(in));
  const AVCodec* codec = avcodec_find_decoder(parameters->codec_id);
  if (codec == nullptr)
    return Error{Errc::kUnsupported, "this FFmpeg has no decoder for " + in.codec};
  decoder_.reset(avcodec_alloc_context3(codec));
  packet_.reset(av_packet_alloc());
  frame_.reset(av_frame_alloc());
  resampled_.reset(av_frame_alloc());
  if (decoder_ == nullptr || packet_ == nullptr || frame_ == nullptr || resampled_ == nullptr)
    return no_memory();
  int code = avcodec_parameters_to_context(decoder_.get(), parameters.get());
  quiet(*decoder_);
  decoder_->thread_count = 1;
  // Packets carry the time of their first decoded sample, priming included: nothing may be skipped,
  // and no time shifted, behind our back.
  decoder_->flags2 |= AV_CODEC_FLAG2_SKIP_MANUAL;
  if (code >= 0) code = avcodec_open2(decoder_.get(), codec, nullptr);
  return code < 0 ? Result<void>(
                        av_error(code, "opening the " + in.codec + " decoder", Errc::kCodecFailed))
                  : Result<void>();
}

void AudioTranscoder::set_range(Duration begin, Duration end) {
  const Rational sample = track().time_base;
  next_ = std::clamp(to_ticks(begin, sample), -kFarAway, kFarAway);
  end_ = std::clamp(to_ticks(end, sample), -kFarAway, kFarAway);
  encoder_->start_at(next_);
}

Result<void> AudioTranscoder::push(const Packet& packet, const PacketSink& sink) {
  const std::int64_t position = packet.pts == kNoTicks ? AV_NOPTS_VALUE : position_of(packet.pts);
  // Everything after the range is silence to us, and packets in front of it can't be needed any
  // more.
  if (position != AV_NOPTS_VALUE && position >= end_ && next_ >= end_) return {};
  if (packet.data.empty()) return {};  // to FFmpeg it would mean the end
  if (packet.data.size() > std::numeric_limits<int>::max() / 2) {
    ++undecodable_;
    return {};
  }
  const int size = static_cast<int>(packet.data.size());
  if (av_new_packet(packet_.get(), size) < 0) return no_memory();
  std::memcpy(packet_->data, packet.data.data(), packet.data.size());
  packet_->pts = position;
  packet_->dts = position;
  const int code = avcodec_send_packet(decoder_.get(), packet_.get());
  av_packet_unref(packet_.get());
  if (code == AVERROR(ENOMEM)) return no_memory();
  if (code < 0) ++undecodable_;
  return receive(sink);
}

Result<void> AudioTranscoder::flush(const PacketSink& sink) {
  CLIPBUF_TRY(drain(sink));
  return encoder_->flush(sink);
}

Result<void> AudioTranscoder::drain(const PacketSink& sink) {
  if (avcodec_send_packet(decoder_.get(), nullptr) >= 0) CLIPBUF_TRY(receive(sink));
  return end_stretch(sink);
}

Result<void> AudioTranscoder::receive(const PacketSink& sink) {
  constexpr int kMaxErrors = 16;  // of one packet; a decoder that fails for ever must not hold us
  for (int errors = 0; errors < kMaxErrors;) {
    const int code = avcodec_receive_frame(decoder_.get(), frame_.get());
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return {};
    if (code == AVERROR(ENOMEM)) return no_memory();
    if (code < 0) {
      ++undecodable_;
      ++errors;
      continue;
    }
    CLIPBUF_TRY(take_frame(*frame_, sink));
  }
  return {};
}

Result<void> AudioTranscoder::take_frame(const AVFrame& frame, const PacketSink& sink) {
  const AudioFormat format = format_of(frame);
  if (frame.nb_samples <= 0 || !check(format, "decoded")) {
    ++undecodable_;
    return {};
  }
  std::int64_t position = frame.pts;
  if (position == AV_NOPTS_VALUE) position = stretch_ ? expected() : next_;
  const std::int64_t tolerance = to_ticks(kTolerance, track().time_base);
  const bool hole = stretch_ && std::abs(position - expected()) > tolerance;
  if (stretch_ && !hole) position = expected();  // for a change of format only
  if (!stretch_ || hole || !same_format(stretch_->format, format))
    CLIPBUF_TRY(begin_stretch(format, position, sink));
  stretch_->samples_in += frame.nb_samples;
  return resample(&frame, sink);
}

Result<void> AudioTranscoder::begin_stretch(const AudioFormat& format, std::int64_t position,
                                            const PacketSink& sink) {
  CLIPBUF_TRY(end_stretch(sink));
  const AudioFormat& to = encoder_->format();
  AVChannelLayout layout_out = to.layout;  // the function takes them without const until FFmpeg 7
  AVChannelLayout layout_in = format.layout;
  SwrContext* context = nullptr;
  int code =
      swr_alloc_set_opts2(&context, &layout_out, to.sample_format, to.sample_rate, &layout_in,
                          format.sample_format, format.sample_rate, kQuietLogOffset, nullptr);
  resampler_.reset(context);
  if (code >= 0) code = swr_init(context);
  if (code < 0) return av_error(code, "resampling audio", Errc::kUnsupported);
  stretch_ = Stretch{format, position, 0, 0};
  return {};
}

Result<void> AudioTranscoder::end_stretch(const PacketSink& sink) {
  if (!stretch_) return {};
  CLIPBUF_TRY(resample(nullptr, sink));
  stretch_.reset();
  return {};
}

// Null drains the resampler. It delays nothing on the whole: its first sample out is its first
// sample in.
Result<void> AudioTranscoder::resample(const AVFrame* frame, const PacketSink& sink) {
  const AudioFormat& to = encoder_->format();
  const int samples_in = frame == nullptr ? 0 : frame->nb_samples;
  const int room = swr_get_out_samples(resampler_.get(), samples_in);
  if (room <= 0) return {};
  av_frame_unref(resampled_.get());
  resampled_->nb_samples = room;
  resampled_->format = to.sample_format;
  if (av_channel_layout_copy(&resampled_->ch_layout, &to.layout) < 0 ||
      av_frame_get_buffer(resampled_.get(), 0) < 0)
    return no_memory();
  const auto** in =
      frame == nullptr ? nullptr : const_cast<const std::uint8_t**>(frame->extended_data);
  int samples = swr_convert(resampler_.get(), resampled_->extended_data, room, in, samples_in);
  if (samples < 0) return av_error(samples, "resampling audio", Errc::kCodecFailed);
  if (frame == nullptr) {  // the filter's tail reaches past the end of the stretch
    const std::int64_t rest = expected() - stretch_->begin - stretch_->samples_out;
    samples = static_cast<int>(std::clamp<std::int64_t>(rest, 0, samples));
  }
  resampled_->nb_samples = samples;
  return place(*resampled_, sink);
}

// Puts samples where they belong: silence before them if need be, what is there already or lies
// outside the range cut off.
Result<void> AudioTranscoder::place(const AVFrame& samples, const PacketSink& sink) {
  const std::int64_t at = stretch_->begin + stretch_->samples_out;
  stretch_->samples_out += samples.nb_samples;
  const std::int64_t from = std::max(at, next_);
  const std::int64_t to = std::min(at + samples.nb_samples, end_);
  if (from >= to) return {};
  CLIPBUF_TRY(encoder_->push_silence(from - next_, sink));
  const bool planar = av_sample_fmt_is_planar(encoder_->format().sample_format) != 0;
  const int channels = encoder_->format().layout.nb_channels;
  const std::int64_t sample_bytes =
      std::int64_t{av_get_bytes_per_sample(encoder_->format().sample_format)} *
      (planar ? 1 : channels);
  std::array<const std::uint8_t*, kMaxChannels> planes{};
  for (int i = 0; i < (planar ? channels : 1); ++i)
    planes[static_cast<std::size_t>(i)] = samples.extended_data[i] + (from - at) * sample_bytes;
  next_ = to;
  return encoder_->push(planes.data(), static_cast<int>(to - from), sink);
}

std::int64_t AudioTranscoder::position_of(std::int64_t ticks) const noexcept {
  const Wide numerator = Wide{ticks} * time_base_.num;
  // Anything near the ends of 64 bits is far outside of every range; this keeps the next line
  // within 128.
  if (numerator / time_base_.den > kFarAway / kMaxSampleRate) return kFarAway;
  if (numerator / time_base_.den < -kFarAway / kMaxSampleRate) return -kFarAway;
  const Wide rate = encoder_->format().sample_rate;
  const Wide whole = numerator / time_base_.den * rate;
  const Wide rest = numerator % time_base_.den * rate;
  const Wide half = rest >= 0 ? time_base_.den / 2 : -(time_base_.den / 2);
  return static_cast<std::int64_t>(whole + (rest + half) / time_base_.den);
}

// Where the next sample that goes into the resampler will come out, were there no hole.
std::int64_t AudioTranscoder::expected() const noexcept {
  return stretch_->begin + av_rescale(stretch_->samples_in, encoder_->format().sample_rate,
                                      stretch_->format.sample_rate);
}

}  // namespace clipbuf::detail
