// The compact form in which packets lie in memory: a short head of varints, then the payload.
#pragma once

#include <clipbuf/packet.hpp>

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace clipbuf::detail {

/// head = track * 8 + hidden * 4 + recovery? * 2 + key | size | dts - last dts of the track | pts -
/// dts | duration
///        [| recovery]; all LEB128, differences zigzag, modulo 2^64 so that kNoTicks survives.
inline constexpr std::size_t kMaxRecordHead = 48;
using RecordHead = std::array<std::byte, kMaxRecordHead>;

/// The last dts of each track of one segment; writer and reader keep one alike.
class RecordState {
 public:
  std::int64_t last_dts(TrackId track) const noexcept;
  void set_last_dts(TrackId track, std::int64_t dts);
  void clear() noexcept { tracks_.clear(); }

 private:
  std::vector<std::pair<TrackId, std::int64_t>> tracks_;
};

/// Writes the head of `packet`; returns its length. The state is not changed.
std::size_t encode_record(const Packet& packet, const RecordState& state,
                          RecordHead& head) noexcept;

/// Reads a head from `bytes` into `packet`, without its data. Returns the length of head and of
/// payload; length 0: the bytes are no head.
struct RecordLengths {
  std::size_t head = 0;
  std::size_t payload = 0;
};
RecordLengths decode_record(std::span<const std::byte> bytes, RecordState& state, Packet& packet);

}  // namespace clipbuf::detail
