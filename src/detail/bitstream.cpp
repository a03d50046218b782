#include "detail/bitstream.hpp"

#include <algorithm>
#include <optional>

namespace clipbuf::detail {

namespace {

using Bytes = std::span<const std::byte>;

unsigned at(Bytes bytes, std::size_t index) noexcept {
  return std::to_integer<unsigned>(bytes[index]);
}

bool starts_with_code(Bytes bytes) noexcept {
  if (bytes.size() < 4 || at(bytes, 0) != 0 || at(bytes, 1) != 0) return false;
  return at(bytes, 2) == 1 || (at(bytes, 2) == 0 && at(bytes, 3) == 1);
}

// The first index of 00 00 01 from `from` on, or the size.
std::size_t find_code(Bytes bytes, std::size_t from) noexcept {
  for (std::size_t i = from; i + 3 <= bytes.size(); ++i) {
    if (at(bytes, i) == 0 && at(bytes, i + 1) == 0 && at(bytes, i + 2) == 1) return i;
  }
  return bytes.size();
}

// Calls visit(nal) for each unit until it returns false.
template <class Visit>
void for_each_annexb(Bytes bytes, const Visit& visit) noexcept {
  std::size_t begin = find_code(bytes, 0);
  while (begin + 3 < bytes.size()) {
    begin += 3;
    const std::size_t end = find_code(bytes, begin);
    if (end > begin && !visit(bytes.subspan(begin, end - begin))) return;
    begin = end;
  }
}

template <class Visit>
void for_each_sized(Bytes bytes, std::size_t length_bytes, const Visit& visit) noexcept {
  while (bytes.size() > length_bytes) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < length_bytes; ++i)
      size = size << 8 | at(bytes, i);
    bytes = bytes.subspan(length_bytes);
    if (size > bytes.size()) return;
    if (size > 0 && !visit(bytes.first(size))) return;
    bytes = bytes.subspan(size);
  }
}

// Reads the payload of a NAL unit, leaving out emulation prevention bytes. Past the end it reads 0.
class NalReader {
 public:
  explicit NalReader(Bytes bytes) : bytes_(bytes) {}

  bool done() const noexcept { return at_ >= bytes_.size(); }
  unsigned byte() noexcept {
    if (zeros_ >= 2 && at_ < bytes_.size() && at(bytes_, at_) == 3) {
      ++at_;
      zeros_ = 0;
    }
    if (at_ >= bytes_.size()) return 0;
    const unsigned value = at(bytes_, at_++);
    zeros_ = value == 0 ? zeros_ + 1 : 0;
    return value;
  }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
  int zeros_ = 0;
};

// ue(v), or se(v) mapped likewise, from the reader's next bytes; nothing when it is longer than 32
// bits.
std::optional<std::uint32_t> exp_golomb(NalReader& reader) noexcept {
  unsigned bits_left = 0;
  unsigned current = 0;
  const auto bit = [&]() -> unsigned {
    if (bits_left == 0) {
      current = reader.byte();
      bits_left = 8;
    }
    return current >> --bits_left & 1;
  };
  unsigned zeros = 0;
  while (bit() == 0) {
    if (++zeros > 31 || reader.done()) return std::nullopt;
  }
  std::uint32_t value = 1;
  for (unsigned i = 0; i < zeros; ++i)
    value = value << 1 | bit();
  return value - 1;
}

// A value of an SEI head: 255 repeated, then the rest.
std::optional<unsigned> sei_number(NalReader& reader) noexcept {
  unsigned value = 0;
  for (int i = 0; i < 256; ++i) {
    if (reader.done()) return std::nullopt;
    const unsigned byte = reader.byte();
    value += byte;
    if (byte != 255) return value;
  }
  return std::nullopt;
}

constexpr unsigned kRecoveryPoint = 6;

// The count of the recovery point message in an SEI unit whose head is cut off. HEVC's is signed
// (se(v)): the k-th code number means (k + 1) / 2, negative for even k.
std::optional<std::uint16_t> recovery_of(Bytes sei, bool is_signed) noexcept {
  NalReader reader(sei);
  while (!reader.done()) {
    const auto type = sei_number(reader);
    const auto size = type ? sei_number(reader) : std::nullopt;
    if (!size) return std::nullopt;
    if (*type == kRecoveryPoint) {
      const auto code = exp_golomb(reader);
      if (!code) return std::nullopt;
      std::uint32_t count = *code;
      if (is_signed) count = (count & 1) != 0 ? count / 2 + 1 : 0;
      return static_cast<std::uint16_t>(std::min<std::uint32_t>(count, 0xffff));
    }
    for (unsigned i = 0; i < *size && !reader.done(); ++i)
      reader.byte();
  }
  return std::nullopt;
}

void add_recovery(StartPoint& point, std::optional<std::uint16_t> count) noexcept {
  if (!count || point.kind == StartKind::kClean) return;
  point.kind = *count > 0 ? StartKind::kRecovery : StartKind::kOpen;
  point.recovery = *count;
}

// Both return false once the rest can't change the answer.
bool look_h264(Bytes nal, StartPoint& point) noexcept {
  switch (at(nal, 0) & 0x1f) {
    case 5:
      point = {StartKind::kClean, 0};
      return false;
    case 6:
      add_recovery(point, recovery_of(nal.subspan(1), false));
      return true;
    case 1:
    case 2:
      return false;  // slices come after every SEI
    default:
      return true;
  }
}

bool look_hevc(Bytes nal, StartPoint& point) noexcept {
  const unsigned type = at(nal, 0) >> 1 & 0x3f;
  if (type == 19 || type == 20) {
    point = {StartKind::kClean, 0};
  } else if (type >= 16 && type <= 21) {
    point = {StartKind::kOpen, 0};
  } else if (type == 39 && nal.size() > 2) {
    add_recovery(point, recovery_of(nal.subspan(2), true));
  }
  return type >= 32;  // parameter sets and SEI come before the slices
}

bool is_avcc(Bytes extradata) noexcept {
  return extradata.size() >= 7 && at(extradata, 0) == 1 && !starts_with_code(extradata);
}

bool is_hvcc(Bytes extradata) noexcept {
  return extradata.size() >= 23 && at(extradata, 0) <= 1 && !starts_with_code(extradata);
}

}  // namespace

Bitstream::Bitstream(const Track& track) {
  const Bytes extradata(track.extradata);
  if (track.codec == "h264") {
    codec_ = Codec::kH264;
    if (is_avcc(extradata)) length_bytes_ = static_cast<int>((at(extradata, 4) & 3) + 1);
  } else if (track.codec == "hevc") {
    codec_ = Codec::kHevc;
    if (is_hvcc(extradata)) length_bytes_ = static_cast<int>((at(extradata, 21) & 3) + 1);
  } else if (track.codec == "mpeg4" || track.codec == "mpeg2video" || track.codec == "mpeg1video" ||
             track.codec == "vc1" || track.codec == "wmv3" || track.codec == "vvc") {
    codec_ = Codec::kOtherOpen;
  }
}

StartPoint Bitstream::start_point(Bytes packet) const noexcept {
  if (codec_ == Codec::kOther) return {StartKind::kClean, 0};
  if (codec_ == Codec::kOtherOpen) return {StartKind::kOpen, 0};
  StartPoint point;
  const auto look = [&](Bytes nal) {
    return codec_ == Codec::kH264 ? look_h264(nal, point) : look_hevc(nal, point);
  };
  if (length_bytes_ > 0) {
    for_each_sized(packet, static_cast<std::size_t>(length_bytes_), look);
  } else {
    for_each_annexb(packet, look);
  }
  return point;
}

bool Bitstream::is_skipped_leading(Bytes packet) const noexcept {
  if (codec_ != Codec::kHevc) return codec_ != Codec::kOther;
  bool skipped = true;
  const auto look = [&](Bytes nal) {
    const unsigned type = at(nal, 0) >> 1 & 0x3f;
    if (type < 32)
      skipped = type != 6 && type != 7;  // RADL pictures refer to nothing before the key
    return type >= 32;
  };
  if (length_bytes_ > 0) {
    for_each_sized(packet, static_cast<std::size_t>(length_bytes_), look);
  } else {
    for_each_annexb(packet, look);
  }
  return skipped;
}

}  // namespace clipbuf::detail
