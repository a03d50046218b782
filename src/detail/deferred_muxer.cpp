#include "detail/deferred_muxer.hpp"

#include "detail/try.hpp"

#include <algorithm>

namespace clipbuf::detail {

Result<void> DeferredMuxer::set_track(std::size_t stream, Track track) {
  tracks_[stream] = std::move(track);
  const bool all =
      std::all_of(tracks_.begin(), tracks_.end(), [](const auto& t) { return t.has_value(); });
  return all ? open() : Result<void>{};
}

Result<void> DeferredMuxer::open() {
  std::vector<Track> tracks;
  for (const auto& track : tracks_)
    tracks.push_back(*track);
  CLIPBUF_TRY_SET(muxer_, Muxer::open(options_, tracks, target_));
  for (; !waiting_.empty(); waiting_.pop_front()) {
    auto& [packet, bytes] = waiting_.front();
    packet.data = bytes;
    CLIPBUF_TRY(muxer_->write(packet));
  }
  return {};
}

Result<void> DeferredMuxer::write(const Packet& packet) {
  if (muxer_) return muxer_->write(packet);
  waiting_.emplace_back(packet, std::vector<std::byte>(packet.data.begin(), packet.data.end()));
  return {};
}

Result<void> DeferredMuxer::finish(std::span<const std::int64_t> lengths) {
  if (!muxer_) return Error{Errc::kCodecFailed, "the encoder made nothing of the clip"};
  return muxer_->finish(lengths);
}

}  // namespace clipbuf::detail
