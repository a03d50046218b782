#include "detail/gif_writer.hpp"

#include "detail/av.hpp"
#include "detail/av_log.hpp"
#include "detail/try.hpp"

extern "C" {
#include <libavutil/opt.h>
}

#include <algorithm>

namespace clipbuf::detail {
namespace {

constexpr AVRational kCentisecond{1, 100};

Error no_memory() {
  return {Errc::kOutOfMemory, "no memory for a GIF"};
}

Result<void> checked(int code, const char* what) {
  return code < 0 ? Result<void>(av_error(code, what, Errc::kCodecFailed)) : Result<void>();
}

}  // namespace

Result<GifWriter> GifWriter::open(int width, int height) {
  GifWriter writer;
  CLIPBUF_TRY(writer.open_encoder(width, height));
  CLIPBUF_TRY(writer.open_muxer());
  return writer;
}

Result<void> GifWriter::open_encoder(int width, int height) {
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_GIF);
  if (codec == nullptr) return Error{Errc::kUnsupported, "this FFmpeg has no GIF encoder"};
  encoder_.reset(avcodec_alloc_context3(codec));
  packet_.reset(av_packet_alloc());
  if (encoder_ == nullptr || packet_ == nullptr) return no_memory();
  quiet(*encoder_);
  encoder_->width = width;
  encoder_->height = height;
  encoder_->pix_fmt = AV_PIX_FMT_PAL8;
  encoder_->time_base = kCentisecond;
  encoder_->thread_count = 1;
  return checked(avcodec_open2(encoder_.get(), codec, nullptr), "opening the GIF encoder");
}

Result<void> GifWriter::open_muxer() {
  AVFormatContext* muxer = nullptr;
  const int code = avformat_alloc_output_context2(&muxer, nullptr, "gif", nullptr);
  muxer_.reset(muxer);
  if (muxer == nullptr) return av_error(code, "this FFmpeg writes no GIF", Errc::kUnsupported);
  AVIOContext* bytes = nullptr;
  if (avio_open_dyn_buf(&bytes) < 0) return no_memory();
  bytes_.reset(bytes);
  muxer->pb = bytes;
  AVStream* stream = avformat_new_stream(muxer, nullptr);
  if (stream == nullptr) return no_memory();
  stream->time_base = kCentisecond;
  CLIPBUF_TRY(checked(avcodec_parameters_from_context(stream->codecpar, encoder_.get()), "GIF"));
  av_opt_set_int(muxer->priv_data, "loop", 0, 0);  // 0 is for ever
  return checked(avformat_write_header(muxer, nullptr), "beginning a GIF");
}

Result<void> GifWriter::write(AVFrame& frame, std::int64_t begin_cs) {
  frame.pts = begin_cs;
  CLIPBUF_TRY(checked(avcodec_send_frame(encoder_.get(), &frame), "encoding a GIF"));
  CLIPBUF_TRY(receive());
  constexpr std::int64_t kMostBytes = 512 << 20;
  if (avio_tell(bytes_.get()) <= kMostBytes) return {};
  return Error{Errc::kUnsupported, "the GIF exceeds " + std::to_string(kMostBytes >> 20) +
                                       " MiB after " + std::to_string(begin_cs / 100) + " s"};
}

Result<std::vector<std::byte>> GifWriter::finish(std::int64_t last_cs) {
  CLIPBUF_TRY(checked(avcodec_send_frame(encoder_.get(), nullptr), "encoding a GIF"));
  CLIPBUF_TRY(receive());
  av_opt_set_int(muxer_->priv_data, "final_delay", last_cs, 0);
  CLIPBUF_TRY(checked(av_write_trailer(muxer_.get()), "ending a GIF"));
  std::uint8_t* data = nullptr;
  const int size = avio_get_dyn_buf(bytes_.get(), &data);  // still the context's
  if (size <= 0 || data == nullptr) return no_memory();
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  return std::vector<std::byte>(begin, begin + size);
}

Result<void> GifWriter::receive() {
  for (;;) {
    const int code = avcodec_receive_packet(encoder_.get(), packet_.get());
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return {};
    CLIPBUF_TRY(checked(code, "encoding a GIF"));
    packet_->stream_index = 0;
    av_packet_rescale_ts(packet_.get(), kCentisecond, muxer_->streams[0]->time_base);
    CLIPBUF_TRY(checked(av_interleaved_write_frame(muxer_.get(), packet_.get()), "writing a GIF"));
  }
}

}  // namespace clipbuf::detail
