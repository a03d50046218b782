#include "source/feed.hpp"

#include "detail/try.hpp"

#include <cstdint>

extern "C" {
#include <libavcodec/avcodec.h>
}

#include <algorithm>

namespace clipbuf::detail {

bool stores_as_is(const std::string& option, const std::string& codec) {
  if (option.empty() || option == "auto" || option == "copy") return true;
  if (option == "jpeg") return codec == "mjpeg";
  if (option == "raw") return codec == "rawvideo";
  if (option == codec) return true;
  const AVCodec* encoder = avcodec_find_encoder_by_name(option.c_str());
  return encoder != nullptr && avcodec_get_name(encoder->id) == codec;
}

Result<void> Feed::begin(const SourceInfo& info, RunReason reason) {
  Result<void> flushed = flush_decoder();  // what is left of the run before
  decoder_.reset();
  tracks_ = info.tracks;
  live_ = info.live;
  note_.clear();
  ids_.clear();
  video_.reset();
  to_wall_.reset();
  hidden_.clear();
  for (std::size_t i = tracks_.size(); i-- > 0;) {
    if (tracks_[i].kind == TrackKind::kVideo) video_ = i;
  }
  if (tracks_.empty() && config_.codec == "copy") {
    return Error{Errc::kInvalidArgument,
                 "codec=copy needs a source of packets; this one delivers frames"};
  }
  CLIPBUF_TRY(buffer_.begin_run(reason));
  if (tracks_.empty()) return flushed;
  const bool as_is = !video_ || stores_as_is(config_.codec, tracks_[*video_].codec);
  CLIPBUF_TRY(as_is ? begin_copy() : begin_decoding());
  return flushed;
}

Result<void> Feed::begin_copy() {
  for (const Track& track : tracks_) {
    CLIPBUF_TRY_SET(const TrackId id, buffer_.add_track(track));
    ids_.push_back(id);
  }
  return {};
}

Result<void> Feed::begin_decoding() {
  const Track& video = tracks_[*video_];
  CLIPBUF_TRY_SET(decoder_, make_decoder(video));
  note_ = "re-encoded from " + video.codec;
  // Encoded frames lie on the buffer's own timeline, which the source's audio knows nothing of.
  if (tracks_.size() > 1) note_ += ", audio left out";
  return {};
}

bool Feed::is_picture(const SourceItem& item) const noexcept {
  if (std::holds_alternative<Frame>(item)) return true;
  const auto* packet = std::get_if<Packet>(&item);
  return packet != nullptr && video_ && packet->track == *video_;
}

Result<void> Feed::push(const SourceItem& item) {
  if (const auto* frame = std::get_if<Frame>(&item)) return buffer_.push(frame->view());
  if (const auto* changed = std::get_if<TracksChanged>(&item)) {
    return begin({changed->tracks, live_, {}}, RunReason::kParameters);
  }
  Packet packet = std::get<Packet>(item);
  if (packet.track >= tracks_.size()) {
    return Error{Errc::kInternal, "a packet of track " + std::to_string(packet.track) + " of " +
                                      std::to_string(tracks_.size())};
  }
  if (decoder_ != nullptr) return packet.track == *video_ ? decode(packet) : Result<void>();
  if (packet.track >= ids_.size()) {
    return Error{Errc::kInvalidState, "the buffer did not take the source's tracks"};
  }
  packet.track = ids_[packet.track];
  return buffer_.push(packet);
}

/// Wall time of the source's time, by the least delayed arrival: sources start with a burst of old
/// packets. Times of a file stay as they are.
void Feed::anchor(const Packet& packet) {
  if (!live_) {
    to_wall_ = Duration{0};
    return;
  }
  const std::int64_t ticks = packet.dts != kNoTicks ? packet.dts : packet.pts;
  if (ticks == kNoTicks || !packet.arrival) return;
  const Clock& clock = system_clock();
  const Timestamp came = clock.wall() - (clock.steady() - *packet.arrival);
  const Duration offset = came.time_since_epoch() - to_duration(ticks, tracks_[*video_].time_base);
  to_wall_ = to_wall_ ? std::min(*to_wall_, offset) : offset;
}

Result<void> Feed::decode(const Packet& packet) {
  anchor(packet);
  // Decoded because later ones need it, but an edit list of its source keeps it from being shown.
  if (packet.hidden) hidden_.insert(packet.pts);
  return decoder_->decode(
      packet, [this](const FrameView& frame, std::int64_t pts) { return store(frame, pts); });
}

Result<void> Feed::store(const FrameView& frame, std::int64_t pts) {
  if (hidden_.erase(pts) != 0) return {};
  if (!to_wall_ || pts == kNoTicks) {
    return Error{Errc::kCorruptData, "a decoded picture without a time"};
  }
  FrameView stamped = frame;
  stamped.timestamp = Timestamp(to_duration(pts, tracks_[*video_].time_base) + *to_wall_);
  // A better anchor must not turn time back.
  if (live_ && newest_ && stamped.timestamp <= *newest_) stamped.timestamp = *newest_ + Duration{1};
  newest_ = stamped.timestamp;
  return buffer_.push(stamped);
}

Result<void> Feed::flush_decoder() {
  if (decoder_ == nullptr) return {};
  return decoder_->flush(
      [this](const FrameView& frame, std::int64_t pts) { return store(frame, pts); });
}

Result<void> Feed::finish() {
  Result<void> flushed = flush_decoder();
  CLIPBUF_TRY(buffer_.finish());
  return flushed;
}

}  // namespace clipbuf::detail
