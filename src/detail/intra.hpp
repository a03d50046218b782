// What codecs share whose every packet is a key.
#pragma once

#include <clipbuf/codec.hpp>

#include <string>

namespace clipbuf::detail {

/// Whether a frame may follow the one at `last` (kNoTicks: none). Errors: kInvalidArgument when its
/// timestamp is not later, unless a new run begins here.
inline Result<void> check_rising(std::int64_t last, Timestamp timestamp, EncodeHint hint) {
  const std::int64_t now = timestamp.time_since_epoch().count();
  if (hint.key || last == kNoTicks || now > last) return {};
  return Error{Errc::kInvalidArgument, "a frame at " + std::to_string(now) +
                                           " us does not come after the last one, at " +
                                           std::to_string(last) + " us"};
}

inline Packet key_packet(Timestamp timestamp, std::span<const std::byte> data) {
  Packet packet;
  packet.key = true;
  packet.pts = timestamp.time_since_epoch().count();
  packet.dts = packet.pts;
  packet.data = data;
  return packet;
}

}  // namespace clipbuf::detail
