#include "source/video_filter.hpp"

#include "detail/av.hpp"
#include "detail/try.hpp"
#include "source/jpeg_tables.hpp"
#include "source/nal.hpp"
#include "source/parameter_watch.hpp"
#include "source/rebuild_pts.hpp"

extern "C" {
#include <libavutil/mathematics.h>
}

#include <algorithm>
#include <cstring>

namespace clipbuf::detail {
namespace {

Bytes bytes_of(const AVPacket& packet) {
  return std::as_bytes(std::span(packet.data, static_cast<std::size_t>(packet.size)));
}

/// Ticks from one picture to the next.
std::int64_t nominal_step(const Track& track) {
  const AVRational rate = track.frame_rate.num > 0 ? to_av(track.frame_rate) : AVRational{25, 1};
  return std::max<std::int64_t>(av_rescale_q(1, av_inv_q(rate), to_av(track.time_base)), 1);
}

Result<AvBsfPtr> unpacker_for(const AVStream& stream, Track& track) {
  const AVBitStreamFilter* filter = av_bsf_get_by_name("mpeg4_unpack_bframes");
  if (filter == nullptr) return AvBsfPtr();
  AVBSFContext* raw = nullptr;
  if (av_bsf_alloc(filter, &raw) < 0) return Error{Errc::kOutOfMemory, "no memory for a filter"};
  AvBsfPtr bsf(raw);
  int code = avcodec_parameters_copy(bsf->par_in, stream.codecpar);
  bsf->time_base_in = stream.time_base;
  if (code >= 0) code = av_bsf_init(bsf.get());
  if (code < 0) return av_error(code, "mpeg4_unpack_bframes", Errc::kCodecFailed);
  // The filter takes the mark of packed pictures out of the header.
  const auto bytes = std::as_bytes(
      std::span(bsf->par_out->extradata, static_cast<std::size_t>(bsf->par_out->extradata_size)));
  track.extradata.assign(bytes.begin(), bytes.end());
  return bsf;
}

/// The packet with other bytes.
AvPacketPtr with_bytes(const AVPacket& packet, const std::vector<std::byte>& bytes) {
  AvPacketPtr out(av_packet_alloc());
  if (out == nullptr || av_new_packet(out.get(), static_cast<int>(bytes.size())) < 0)
    return nullptr;
  std::memcpy(out->data, bytes.data(), bytes.size());
  if (av_packet_copy_props(out.get(), &packet) < 0) return nullptr;
  return out;
}

}  // namespace

VideoFilter::VideoFilter() = default;
VideoFilter::~VideoFilter() = default;

Result<std::unique_ptr<VideoFilter>> VideoFilter::make(const AVStream& stream, Track& track,
                                                       bool stamped) {
  std::unique_ptr<VideoFilter> filter(new VideoFilter);
  const AVCodecParameters& parameters = *stream.codecpar;
  filter->codec_ = parameters.codec_id;
  filter->length_size_ = nal_length_size(parameters.codec_id, track.extradata);
  filter->step_ = nominal_step(track);
  filter->depth_ = parameters.video_delay;
  filter->order_ = stamped ? PictureOrder::kNone : picture_order_of(parameters.codec_id);
  if (parameters.codec_id == AV_CODEC_ID_MPEG4) {
    CLIPBUF_TRY_SET(filter->bsf_, unpacker_for(stream, track));
  }
  if (filter->order_ != PictureOrder::kNone) filter->reader_ = PictureReader::make(parameters);
  filter->watch_ = std::make_unique<ParameterWatch>(parameters, track, filter->length_size_);
  return filter;
}

Result<void> VideoFilter::push(AvPacketPtr packet) {
  if (bsf_ == nullptr) return mend(std::move(packet));
  const int code = av_bsf_send_packet(bsf_.get(), packet.get());
  if (code < 0) return av_error(code, "mpeg4_unpack_bframes", Errc::kCodecFailed);
  return drain_bsf();
}

Result<void> VideoFilter::drain_bsf() {
  while (true) {
    AvPacketPtr packet(av_packet_alloc());
    if (packet == nullptr) return Error{Errc::kOutOfMemory, "no memory for a packet"};
    const int code = av_bsf_receive_packet(bsf_.get(), packet.get());
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return {};
    if (code < 0) return av_error(code, "mpeg4_unpack_bframes", Errc::kCodecFailed);
    CLIPBUF_TRY(mend(std::move(packet)));
  }
}

Result<void> VideoFilter::mend(AvPacketPtr packet) {
  if (packet->size <= 0) return {};
  if (codec_ == AV_CODEC_ID_MJPEG) {
    if (const auto bytes = with_huffman_tables(bytes_of(*packet))) {
      packet = with_bytes(*packet, *bytes);
      if (packet == nullptr) return Error{Errc::kOutOfMemory, "no memory for a packet"};
    }
  }
  // Once one pts is missing all are rebuilt: those that libavformat gives between are guesses. But
  // where the container has timestamps of its own, a single missing one is left to the store.
  const bool missing = packet->pts == AV_NOPTS_VALUE && order_ != PictureOrder::kNone;
  if (missing && rebuilder_ == nullptr && !seen_pts_ && reader_ != nullptr) {
    rebuilder_ = std::make_unique<PtsRebuilder>(order_, depth_, step_);
  }
  seen_pts_ = seen_pts_ || packet->pts != AV_NOPTS_VALUE;
  if (rebuilder_ == nullptr) {
    release(std::move(packet));
    return {};
  }
  const PtsRebuilder::Picture picture = reader_->read(*packet, length_size_);
  rebuilder_->push(std::move(packet), picture);
  while (auto ready = rebuilder_->pop())
    release(std::move(ready));
  return {};
}

void VideoFilter::release(AvPacketPtr packet) {
  auto changed = watch_->see(*packet);
  out_.push_back({std::move(packet), std::move(changed)});
}

Result<void> VideoFilter::finish() {
  if (bsf_ != nullptr) {
    if (av_bsf_send_packet(bsf_.get(), nullptr) >= 0) CLIPBUF_TRY(drain_bsf());
  }
  if (rebuilder_ != nullptr) {
    rebuilder_->finish();
    while (auto ready = rebuilder_->pop())
      release(std::move(ready));
  }
  return {};
}

std::optional<VideoFilter::Out> VideoFilter::pop() {
  if (out_.empty()) return std::nullopt;
  Out out = std::move(out_.front());
  out_.pop_front();
  return out;
}

}  // namespace clipbuf::detail
