#include "detail/parameter_sets.hpp"

#include "detail/av.hpp"
#include "detail/container.hpp"
#include "detail/try.hpp"

#include <cstring>

namespace clipbuf::detail {

bool can_change_parameters(std::string_view codec) noexcept {
  return lists("h264 hevc av1 vp8 vp9 mjpeg", codec);
}

Result<AnnexB> AnnexB::open(const Track& track) {
  AnnexB result;
  result.extradata_ = track.extradata;
  const bool nal = track.codec == "h264" || track.codec == "hevc";
  if (!nal) return result;
  // avcC and hvcC begin with a version, 1; Annex B with a start code.
  if (track.extradata.empty() || track.extradata[0] != std::byte{1}) {
    result.prepend_ = true;
    return result;
  }
  const std::string name = track.codec + "_mp4toannexb";
  const AVBitStreamFilter* filter = av_bsf_get_by_name(name.c_str());
  AVBSFContext* raw = nullptr;
  if (filter == nullptr || av_bsf_alloc(filter, &raw) < 0)
    return Error{Errc::kUnsupported, "no filter " + name};
  result.filter_.reset(raw);
  CLIPBUF_TRY_SET(const AvCodecParametersPtr parameters, parameters_from(track));
  avcodec_parameters_copy(raw->par_in, parameters.get());
  if (const int code = av_bsf_init(raw); code < 0) return av_error(code, name, Errc::kCorruptData);
  const auto* bytes = reinterpret_cast<const std::byte*>(raw->par_out->extradata);
  result.extradata_.assign(bytes, bytes + raw->par_out->extradata_size);
  result.packet_.reset(av_packet_alloc());
  return result;
}

Result<std::span<const std::byte>> AnnexB::convert(const Packet& packet) {
  if (filter_) {
    av_packet_unref(packet_.get());
    if (av_new_packet(packet_.get(), static_cast<int>(packet.data.size())) < 0) {
      return Error{Errc::kOutOfMemory, "no memory for a packet"};
    }
    std::memcpy(packet_->data, packet.data.data(), packet.data.size());
    packet_->flags = packet.key ? AV_PKT_FLAG_KEY : 0;
    int code = av_bsf_send_packet(filter_.get(), packet_.get());
    if (code >= 0) code = av_bsf_receive_packet(filter_.get(), packet_.get());
    if (code < 0) return av_error(code, "a packet's parameter sets", Errc::kCorruptData);
    return std::span(reinterpret_cast<const std::byte*>(packet_->data),
                     static_cast<std::size_t>(packet_->size));
  }
  if (!prepend_ || !packet.key || extradata_.empty()) return packet.data;
  joined_ = extradata_;
  joined_.insert(joined_.end(), packet.data.begin(), packet.data.end());
  return std::span<const std::byte>(joined_);
}

}  // namespace clipbuf::detail
