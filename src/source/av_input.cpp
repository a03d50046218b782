#include "source/av_input.hpp"

#include "detail/av.hpp"
#include "detail/try.hpp"

#include <clipbuf/source.hpp>

extern "C" {
#include <libavutil/avstring.h>
#include <libavutil/opt.h>
}

#include <algorithm>
#include <limits>
#include <vector>

namespace clipbuf::detail {
namespace {

constexpr int kIoBuffer = 64 * 1024;
constexpr Duration kClosingTime = std::chrono::milliseconds(300);  // for an RTSP TEARDOWN

// Content decides what a demuxer is, not the name: an "mp4" may hold a playlist that makes
// libavformat open other files and hosts. Only formats that are one stream of bytes are allowed.
constexpr const char* kFileFormats =
    "mov,matroska,webm,avi,mpegts,mpeg,flv,h264,hevc,vvc,obu,av1,ivf,mjpeg,mpjpeg,m4v,mpegvideo,"
    "ogg,wav,w64,nut,asf,mp3,aac,ac3,flac,yuv4mpegpipe,dv,mxf,vc1,jpeg_pipe,jpegxl_pipe";
constexpr const char* kHttpFormats =
    "mov,matroska,webm,mpegts,mpjpeg,mjpeg,h264,hevc,flv,ogg,avi,nut,ivf,mpeg";

const char* formats_of(InputKind kind) {
  return kind == InputKind::kFile ? kFileFormats : kind == InputKind::kHttp ? kHttpFormats : "rtsp";
}

const char* protocols_of(InputKind kind) {
  switch (kind) {
    case InputKind::kFile:
      return "file";
    case InputKind::kHttp:
      return "http,https,httpproxy,tcp,tls";
    case InputKind::kRtsp:
      break;
  }
  return "rtsp,rtsps,rtp,srtp,udp,tcp,tls";
}

int clamp_int(std::uint64_t value) {
  return static_cast<int>(
      std::min<std::uint64_t>(value, static_cast<std::uint64_t>(std::numeric_limits<int>::max())));
}

/// An AVDictionary that frees itself.
struct Options {
  AVDictionary* dict = nullptr;
  Options() = default;
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;
  ~Options() { av_dict_free(&dict); }
  void set(const char* key, const std::string& value) { av_dict_set(&dict, key, value.c_str(), 0); }
};

/// What a demuxer asks for on its own: refused, whatever it is.
int refuse_io(AVFormatContext*, AVIOContext** pb, const char*, int, AVDictionary**) noexcept {
  *pb = nullptr;
  return AVERROR(EPERM);
}

}  // namespace

AvInput::AvInput(std::string url, InputKind kind, const Config& config,
                 std::shared_ptr<Interrupt> interrupt)
    : url_(std::move(url)), kind_(kind), config_(config), interrupt_(std::move(interrupt)) {}

AvInput::~AvInput() {
  // An RTSP server is told goodbye, but not waited for.
  closing_ = true;
  interrupt_->arm(kClosingTime);
  context_.reset();
}

Result<std::unique_ptr<AvInput>> AvInput::open(std::string url, InputKind kind,
                                               const Config& config,
                                               std::shared_ptr<Interrupt> interrupt) {
  std::unique_ptr<AvInput> input(new AvInput(std::move(url), kind, config, std::move(interrupt)));
  if (kind != InputKind::kRtsp) CLIPBUF_TRY(input->open_io());
  CLIPBUF_TRY(input->open_format());
  CLIPBUF_TRY(input->find_streams());
  CLIPBUF_TRY(input->check_streams());
  AVFormatContext& context = *input->context_;
  input->live_ =
      kind == InputKind::kRtsp || (kind == InputKind::kHttp && context.duration == AV_NOPTS_VALUE &&
                                   avio_size(input->raw_io_.get()) <= 0);
  return input;
}

int AvInput::on_interrupt(void* self) noexcept {
  const auto& input = *static_cast<const AvInput*>(self);
  return input.closing_ ? input.interrupt_->expired() : input.interrupt_->stop();
}

int AvInput::on_read(void* self, std::uint8_t* data, int size) noexcept {
  auto& input = *static_cast<AvInput*>(self);
  if (input.interrupt_->stop()) return AVERROR_EXIT;
  if (input.byte_budget_ <= 0) return AVERROR(EFBIG);
  const int got = avio_read_partial(input.raw_io_.get(), data, size);
  if (got > 0) input.byte_budget_ -= got;
  return got == 0 ? AVERROR_EOF : got;
}

std::int64_t AvInput::on_seek(void* self, std::int64_t offset, int whence) noexcept {
  auto& input = *static_cast<AvInput*>(self);
  if ((whence & AVSEEK_SIZE) != 0) return avio_size(input.raw_io_.get());
  return avio_seek(input.raw_io_.get(), offset, whence & ~AVSEEK_FORCE);
}

Error AvInput::error_of(int code, Errc fallback) const {
  const std::string what = redact(url_);
  if (interrupt_->cancelled()) return {Errc::kCancelled, what + ": cancelled"};
  // Interrupted in the middle of an answer, some demuxers take what came for a broken one.
  if (code == AVERROR_EXIT || code == AVERROR(ETIMEDOUT) || interrupt_->expired()) {
    return {Errc::kTimedOut, what + ": no answer in time"};
  }
  if (code == AVERROR(EFBIG)) {
    return {Errc::kSourceLost, what + ": a packet larger than max_packet_bytes (" +
                                   std::to_string(config_.max_packet_bytes) + ")"};
  }
  Error error = av_error(code, what, fallback);
  error.message = redact(error.message);
  return error;
}

Error AvInput::open_error(int code) const {
  Error error = error_of(code, Errc::kSourceUnavailable);
  if (error.code == Errc::kTimedOut) {
    error.message = redact(url_) + ": no answer within " + to_string(config_.open_timeout);
  } else if (error.code == Errc::kEndOfStream) {
    error = {Errc::kSourceUnavailable, redact(url_) + ": it ended before anything could be read"};
  } else if (error.code == Errc::kCorruptData || code == AVERROR(EPERM)) {
    error = {Errc::kSourceUnavailable, redact(url_) + ": nothing there that can be played"};
  } else if (error.code != Errc::kCancelled && error.code != Errc::kOutOfMemory) {
    error.code = Errc::kSourceUnavailable;
  }
  return error;
}

Result<void> AvInput::open_io() {
  Options options;
  options.set("protocol_whitelist", protocols_of(kind_));
  if (kind_ == InputKind::kHttp) {
    options.set("rw_timeout", std::to_string(config_.read_timeout.count()));
    options.set("user_agent", "clipbuf");
  }
  // "file:" keeps a path with a colon in it from being taken for a protocol.
  const std::string name = kind_ == InputKind::kFile ? "file:" + url_ : url_;
  const AVIOInterruptCB interrupt{&AvInput::on_interrupt, this};
  AVIOContext* raw = nullptr;
  const int code = avio_open2(&raw, name.c_str(), AVIO_FLAG_READ, &interrupt, &options.dict);
  if (code < 0) return open_error(code);
  raw_io_.reset(raw);

  auto* buffer = static_cast<std::uint8_t*>(av_malloc(kIoBuffer));
  AVIOContext* io = buffer == nullptr
                        ? nullptr
                        : avio_alloc_context(buffer, kIoBuffer, 0, this, &AvInput::on_read, nullptr,
                                             &AvInput::on_seek);
  if (io == nullptr) {
    av_free(buffer);
    return Error{Errc::kOutOfMemory, "no memory for an input"};
  }
  io->seekable = raw->seekable;
  io_.reset(io);
  return {};
}

/// Errors: kSourceUnavailable when the bytes are nothing that may be opened here.
Result<const AVInputFormat*> AvInput::probe_format() {
  std::uint8_t* mime = nullptr;
  const int found = av_opt_get(raw_io_.get(), "mime_type", AV_OPT_SEARCH_CHILDREN, &mime);
  const std::string mime_type = found >= 0 && mime != nullptr ? reinterpret_cast<char*>(mime) : "";
  av_free(mime);
  // Its content alone does not always show it: some cameras send an empty line first.
  if (mime_type.rfind("multipart/x-mixed-replace", 0) == 0) return av_find_input_format("mpjpeg");

  const AVInputFormat* format = nullptr;
  const unsigned size = static_cast<unsigned>(std::max(clamp_int(config_.probe_bytes), 4096));
  const int code = av_probe_input_buffer2(io_.get(), &format, url_.c_str(), nullptr, 0, size);
  if (code < 0) {
    if (code == AVERROR_INVALIDDATA || code == AVERROR_EOF) {
      return Error{Errc::kSourceUnavailable, redact(url_) + ": not a format that is known"};
    }
    return open_error(code);
  }
  if (av_match_list(format->name, formats_of(kind_), ',') <= 0) {
    return Error{Errc::kSourceUnavailable, redact(url_) + ": the content is '" + format->name +
                                               "', which is not allowed here"};
  }
  return format;
}

void AvInput::set_limits() {
  AVFormatContext& context = *context_;
  context.probesize = std::max<std::int64_t>(clamp_int(config_.probe_bytes), 4096);
  const Duration analyze = std::min<Duration>(std::chrono::seconds(5), config_.open_timeout / 2);
  context.max_analyze_duration = std::max<std::int64_t>(analyze.count(), 1);
  // libavformat calls one stream too many "no memory": its limit is set beyond ours, which is
  // checked when all are known.
  context.max_streams = std::max(clamp_int(config_.max_streams), 1000);
}

Result<void> AvInput::open_format() {
  byte_budget_ = static_cast<std::int64_t>(
      std::min<std::uint64_t>(config_.max_packet_bytes + 2 * config_.probe_bytes, 1ull << 40));
  if (kind_ == InputKind::kFile) byte_budget_ = std::numeric_limits<std::int64_t>::max();
  const AVInputFormat* format = nullptr;
  if (kind_ == InputKind::kRtsp) {
    format = av_find_input_format("rtsp");
    if (format == nullptr) return Error{Errc::kUnsupported, "this FFmpeg has no RTSP"};
  } else {
    CLIPBUF_TRY_SET(format, probe_format());
  }

  AVFormatContext* context = avformat_alloc_context();
  if (context == nullptr) return Error{Errc::kOutOfMemory, "no memory for an input"};
  context_.reset(context);
  context->interrupt_callback = {&AvInput::on_interrupt, this};
  context->io_open = &refuse_io;
  context->pb = io_.get();
  set_limits();

  Options options;
  options.set("format_whitelist", formats_of(kind_));
  options.set("protocol_whitelist", protocols_of(kind_));
  if (kind_ == InputKind::kRtsp) {
    const bool automatic = config_.rtsp_transport == "auto";
    options.set("rtsp_transport", automatic ? "udp+tcp" : config_.rtsp_transport);
    if (automatic) options.set("rtsp_flags", "prefer_tcp");
    options.set("timeout", std::to_string(config_.read_timeout.count()));
    options.set("user_agent", "clipbuf");
  }
  AVFormatContext* raw = context_.release();  // libavformat frees it where opening fails
  const int code = avformat_open_input(&raw, url_.c_str(), format, &options.dict);
  context_.reset(raw);
  return code < 0 ? Result<void>(open_error(code)) : Result<void>();
}

Result<void> AvInput::find_streams() {
  // The limit holds for the decoders, too, that libavformat opens to find out what there is.
  const unsigned count = context_->nb_streams;
  std::vector<AVDictionary*> options(count, nullptr);
  for (AVDictionary*& dict : options) {
    av_dict_set_int(&dict, "max_pixels", clamp_int(config_.max_pixels), 0);
  }
  const int code = avformat_find_stream_info(context_.get(), count == 0 ? nullptr : options.data());
  for (AVDictionary*& dict : options)
    av_dict_free(&dict);
  if (interrupt_->stop()) return open_error(AVERROR_EXIT);
  return code < 0 ? Result<void>(open_error(code)) : Result<void>();
}

Result<void> AvInput::check_streams() const {
  const std::string what = redact(url_);
  if (context_->nb_streams > config_.max_streams) {
    return Error{Errc::kSourceUnavailable, what + ": " + std::to_string(context_->nb_streams) +
                                               " streams, max_streams is " +
                                               std::to_string(config_.max_streams)};
  }
  for (unsigned i = 0; i < context_->nb_streams; ++i) {
    const AVCodecParameters& p = *context_->streams[i]->codecpar;
    if (p.codec_type != AVMEDIA_TYPE_VIDEO || p.width <= 0 || p.height <= 0) continue;
    const auto pixels = static_cast<std::uint64_t>(p.width) * static_cast<std::uint64_t>(p.height);
    if (pixels > config_.max_pixels) {
      return Error{Errc::kSourceUnavailable,
                   what + ": " + std::to_string(p.width) + "x" + std::to_string(p.height) +
                       " is more than max_pixels (" + std::to_string(config_.max_pixels) + ")"};
    }
  }
  return {};
}

int AvInput::read(AVPacket& packet) {
  constexpr std::uint64_t kOther = 16u << 20;  // other tracks' data may lie between
  byte_budget_ = static_cast<std::int64_t>(
      std::min<std::uint64_t>(config_.max_packet_bytes, 1ull << 40) + kOther);
  const int code = av_read_frame(context_.get(), &packet);
  if (code < 0) {
    const bool over = byte_budget_ <= 0;
    // libavformat turns a read error at the end of a packet into a plain end.
    if (over) return AVERROR(EFBIG);
    if (code == AVERROR_EOF && raw_io_ != nullptr && raw_io_->error < 0 &&
        raw_io_->error != AVERROR_EOF) {
      return raw_io_->error;
    }
    return code;
  }
  if (static_cast<std::uint64_t>(packet.size) > config_.max_packet_bytes) {
    av_packet_unref(&packet);
    return AVERROR(EFBIG);
  }
  return 0;
}

}  // namespace clipbuf::detail
