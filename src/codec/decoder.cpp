#include <clipbuf/codec.hpp>

#include "detail/av_log.hpp"
#include "detail/scale.hpp"
#include "detail/try.hpp"

#include <array>
#include <cstring>
#include <new>

namespace clipbuf {
namespace {

using detail::AvCodecContextPtr;
using detail::AvFramePtr;
using detail::AvPacketPtr;

constexpr std::int64_t kMaxPixels = std::int64_t{8192} * 8192;  // as Config::max_pixels by default

/// The format of ours that loses least.
int nearest_format(const AVFrame& frame) {
  static constexpr std::array kOurs = {
      AV_PIX_FMT_GRAY8,       AV_PIX_FMT_BGR24,   AV_PIX_FMT_BGRA,        AV_PIX_FMT_YUV420P,
      AV_PIX_FMT_YUV422P,     AV_PIX_FMT_YUV444P, AV_PIX_FMT_YUV420P10LE, AV_PIX_FMT_YUV422P10LE,
      AV_PIX_FMT_YUV444P10LE, AV_PIX_FMT_NONE};
  return avcodec_find_best_pix_fmt_of_list(kOurs.data(), static_cast<AVPixelFormat>(frame.format),
                                           1, nullptr);
}

class AvDecoder final : public Decoder {
 public:
  AvDecoder(AvCodecContextPtr context, AvPacketPtr packet, AvFramePtr frame) noexcept
      : context_(std::move(context)), packet_(std::move(packet)), frame_(std::move(frame)) {}

  Result<void> decode(const Packet& packet, const FrameSink& sink) override {
    CLIPBUF_TRY(fill(packet));
    int code = avcodec_send_packet(context_.get(), packet_.get());
    if (code == AVERROR(EAGAIN)) {
      // A sink that failed left pictures inside: they are in the way.
      if (Result<void> received = receive(sink); !received) return received;
      code = avcodec_send_packet(context_.get(), packet_.get());
    }
    av_packet_unref(packet_.get());
    // Pictures that were complete before are delivered, even if this packet is broken.
    Result<void> received = receive(sink);
    if (!received) return received;
    if (code < 0) return failure(code);
    return {};
  }

  Result<void> flush(const FrameSink& sink) override {
    const int code = avcodec_send_packet(context_.get(), nullptr);
    Result<void> received = code < 0 && code != AVERROR_EOF ? failure(code) : receive(sink);
    avcodec_flush_buffers(context_.get());
    recovered_ = false;
    return received;
  }

 private:
  Error failure(int code) const {
    Error error = detail::av_error(
        code, std::string("decoding ") + avcodec_get_name(context_->codec_id), Errc::kCorruptData);
    // Inside a packet, FFmpeg's "end of file" means cut off.
    if (error.code == Errc::kEndOfStream) error.code = Errc::kCorruptData;
    return error;
  }

  Result<void> fill(const Packet& packet) {
    if (packet.data.empty()) return Error{Errc::kCorruptData, "a packet without data"};
    if (packet.data.size() > (std::size_t{1} << 30))
      return Error{Errc::kCorruptData,
                   "a packet of " + std::to_string(packet.data.size()) + " bytes"};
    // A copy: decoders read past the end, so the bytes need padding, and some keep a reference.
    const int code = av_new_packet(packet_.get(), static_cast<int>(packet.data.size()));
    if (code < 0) return detail::av_error(code, "no memory for a packet", Errc::kOutOfMemory);
    std::memcpy(packet_->data, packet.data.data(), packet.data.size());
    packet_->pts = packet.pts;
    packet_->dts = packet.dts == kNoTicks ? packet.pts : packet.dts;
    packet_->duration = packet.duration;
    packet_->flags = packet.key ? AV_PKT_FLAG_KEY : 0;
    return {};
  }

  Result<void> receive(const FrameSink& sink) {
    Result<void> first_error;
    // A decoder that fails for ever without taking anything would spin here.
    for (int errors = 0; errors < 100;) {
      const int code = avcodec_receive_frame(context_.get(), frame_.get());
      if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) break;
      if (code < 0) {
        ++errors;
        if (first_error) first_error = failure(code);
        continue;
      }
      Result<void> delivered = deliver(sink);
      av_frame_unref(frame_.get());
      if (!delivered) return delivered;
    }
    return first_error;
  }

  /// H.264 pictures before the point of recovery. FFmpeg leaves them out by itself, but with them,
  /// at a flush, the good ones of the last few that it had not put in order yet: there it flags
  /// them all.
  bool is_broken() noexcept {
    const bool flagged =
        context_->codec_id == AV_CODEC_ID_H264 && (frame_->flags & AV_FRAME_FLAG_CORRUPT) != 0;
    recovered_ = recovered_ || !flagged;
    return !recovered_;
  }

  Result<void> deliver(const FrameSink& sink) {
    if (is_broken()) return {};
    const std::int64_t pts =
        frame_->pts != AV_NOPTS_VALUE ? frame_->pts : frame_->best_effort_timestamp;
    const FrameView view = detail::view_of(*frame_);
    if (view.format != PixelFormat::kUnknown) return sink(view, pts);
    CLIPBUF_TRY(scaler_.convert(
        *frame_, {frame_->width, frame_->height, nearest_format(*frame_), ColorRange::kUnspecified},
        converted_));
    return sink(detail::view_of(*converted_), pts);
  }

  AvCodecContextPtr context_;
  AvPacketPtr packet_;
  AvFramePtr frame_;
  AvFramePtr converted_;
  detail::Scaler scaler_;
  bool recovered_ = false;  // a whole picture has come out since decoding began
};

Result<void> check_size(const Track& track) {
  const std::int64_t pixels = std::int64_t{track.width} * track.height;
  if (track.width < 0 || track.height < 0 || pixels > kMaxPixels)
    return Error{Errc::kUnsupported, "a picture of " + std::to_string(track.width) + "x" +
                                         std::to_string(track.height) + " pixels, at most " +
                                         std::to_string(kMaxPixels) + " are decoded"};
  return {};
}

void configure(AVCodecContext& context, const Track& track) {
  detail::quiet(context);
  context.pkt_timebase = detail::to_av(track.time_base);
  context.max_pixels = kMaxPixels;
  // One thread: no delay that hides which packet was broken, and the same pictures every time.
  context.thread_count = 1;
  // Without a reorder depth in the stream, FFmpeg guesses 0 and drops the frames that prove it
  // wrong; "strict" makes it take the largest that the level allows.
  if (context.codec_id == AV_CODEC_ID_H264) {
    context.strict_std_compliance = FF_COMPLIANCE_STRICT;
    context.flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;  // see is_broken()
  }
}

}  // namespace

Result<std::unique_ptr<Decoder>> make_decoder(const Track& track) try {
  CLIPBUF_TRY(check_size(track));
  if (track.kind != TrackKind::kVideo)
    return Error{Errc::kUnsupported, "only video is decoded to pictures, not " + track.codec};
  CLIPBUF_TRY_SET(const auto parameters, detail::parameters_from(track));
  const AVCodec* codec = avcodec_find_decoder(parameters->codec_id);
  if (codec == nullptr)
    return Error{Errc::kUnsupported, "this FFmpeg has no decoder for " + track.codec};
  AvCodecContextPtr context(avcodec_alloc_context3(codec));
  AvPacketPtr packet(av_packet_alloc());
  AvFramePtr frame(av_frame_alloc());
  if (context == nullptr || packet == nullptr || frame == nullptr)
    return Error{Errc::kOutOfMemory, "no memory for a decoder of " + track.codec};
  int code = avcodec_parameters_to_context(context.get(), parameters.get());
  if (code >= 0) {
    configure(*context, track);
    code = avcodec_open2(context.get(), codec, nullptr);
  }
  if (code < 0)
    return detail::av_error(code, "opening a decoder of " + track.codec, Errc::kUnsupported);
  return std::unique_ptr<Decoder>(
      std::make_unique<AvDecoder>(std::move(context), std::move(packet), std::move(frame)));
} catch (const std::bad_alloc&) {
  return Error{Errc::kOutOfMemory, "no memory for a decoder"};
}

}  // namespace clipbuf
