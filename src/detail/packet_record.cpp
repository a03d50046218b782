#include "detail/packet_record.hpp"

#include <algorithm>

namespace clipbuf::detail {

namespace {

constexpr std::uint64_t zigzag(std::uint64_t value) noexcept {
  return (value << 1) ^ (0 - (value >> 63));
}

constexpr std::uint64_t unzigzag(std::uint64_t value) noexcept {
  return (value >> 1) ^ (0 - (value & 1));
}

constexpr std::uint64_t bits(std::int64_t value) noexcept {
  return static_cast<std::uint64_t>(value);
}

std::size_t put(RecordHead& head, std::size_t at, std::uint64_t value) noexcept {
  while (value >= 0x80) {
    head[at++] = static_cast<std::byte>(value | 0x80);
    value >>= 7;
  }
  head[at++] = static_cast<std::byte>(value);
  return at;
}

// Takes varints off the front; once one is cut short or too long, all later ones are 0 and `bad`
// holds.
struct Cursor {
  std::span<const std::byte> bytes;
  std::size_t at = 0;
  bool bad = false;

  std::uint64_t next() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70 && at < bytes.size(); shift += 7) {
      const auto byte = std::to_integer<std::uint64_t>(bytes[at++]);
      if (shift == 63 && byte > 1) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    bad = true;
    return 0;
  }
};

}  // namespace

std::int64_t RecordState::last_dts(TrackId track) const noexcept {
  for (const auto& [id, dts] : tracks_) {
    if (id == track) return dts;
  }
  return 0;
}

void RecordState::set_last_dts(TrackId track, std::int64_t dts) {
  for (auto& [id, last] : tracks_) {
    if (id == track) {
      last = dts;
      return;
    }
  }
  tracks_.emplace_back(track, dts);
}

std::size_t encode_record(const Packet& packet, const RecordState& state,
                          RecordHead& head) noexcept {
  const bool recovers = packet.recovery != 0;
  const auto flags = static_cast<std::uint64_t>(packet.track) * 8 + (packet.hidden ? 4 : 0) +
                     (recovers ? 2 : 0) + (packet.key ? 1 : 0);
  std::size_t at = put(head, 0, flags);
  at = put(head, at, packet.data.size());
  at = put(head, at, zigzag(bits(packet.dts) - bits(state.last_dts(packet.track))));
  at = put(head, at, zigzag(bits(packet.pts) - bits(packet.dts)));
  at = put(head, at, zigzag(bits(packet.duration)));
  return recovers ? put(head, at, packet.recovery) : at;
}

RecordLengths decode_record(std::span<const std::byte> bytes, RecordState& state, Packet& packet) {
  Cursor cursor{bytes};
  const std::uint64_t flags = cursor.next();
  const std::uint64_t payload = cursor.next();
  const std::uint64_t dts_step = unzigzag(cursor.next());
  const std::uint64_t offset = unzigzag(cursor.next());
  const std::uint64_t duration = unzigzag(cursor.next());
  const std::uint64_t recovery = (flags & 2) != 0 ? cursor.next() : 0;
  if (cursor.bad || flags / 8 > 0xffff || recovery > 0xffff) return {};
  packet = Packet{};
  packet.track = static_cast<TrackId>(flags / 8);
  packet.key = (flags & 1) != 0;
  packet.hidden = (flags & 4) != 0;
  packet.recovery = static_cast<std::uint16_t>(recovery);
  const std::uint64_t dts = bits(state.last_dts(packet.track)) + dts_step;
  packet.dts = static_cast<std::int64_t>(dts);
  packet.pts = static_cast<std::int64_t>(dts + offset);
  packet.duration = static_cast<std::int64_t>(duration);
  state.set_last_dts(packet.track, packet.dts);
  return {cursor.at, static_cast<std::size_t>(payload)};
}

}  // namespace clipbuf::detail
