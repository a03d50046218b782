// A muxer that opens once every stream's parameters are known: an encoder knows its own only after
// a packet.
#pragma once

#include "detail/mux.hpp"

#include <deque>

namespace clipbuf::detail {

/// Keeps copies of packets back until the last track is set. Thread word: bound.
class DeferredMuxer {
 public:
  DeferredMuxer(MuxOptions options, ByteTarget& target, std::size_t streams)
      : options_(std::move(options)), target_(target), tracks_(streams) {}

  bool has_track(std::size_t stream) const { return tracks_[stream].has_value(); }
  Result<void> set_track(std::size_t stream, Track track);
  Result<void> write(const Packet& packet);

  /// Streams whose track never became known are left out when none of them has a packet.
  /// Errors: kCodecFailed when an encoder made nothing at all.
  Result<void> finish(std::span<const std::int64_t> lengths);

  const std::optional<Track>& track(std::size_t stream) const { return tracks_[stream]; }
  std::uint64_t bytes() const noexcept { return muxer_ ? muxer_->bytes() : 0; }

 private:
  Result<void> open();

  MuxOptions options_;
  ByteTarget& target_;
  std::vector<std::optional<Track>> tracks_;
  std::deque<std::pair<Packet, std::vector<std::byte>>> waiting_;
  std::unique_ptr<Muxer> muxer_;
};

}  // namespace clipbuf::detail
