#include "source/nal.hpp"

namespace clipbuf::detail {
namespace {

unsigned at(Bytes bytes, std::size_t i) noexcept {
  return std::to_integer<unsigned>(bytes[i]);
}

/// The start of the next 00 00 01 at or after `from`, or the size.
std::size_t find_start_code(Bytes bytes, std::size_t from) noexcept {
  for (std::size_t i = from; i + 3 <= bytes.size(); ++i) {
    if (at(bytes, i + 2) > 1) {
      i += 2;
    } else if (at(bytes, i) == 0 && at(bytes, i + 1) == 0 && at(bytes, i + 2) == 1) {
      return i;
    }
  }
  return bytes.size();
}

void walk_start_codes(Bytes packet, const std::function<bool(Bytes)>& visit) {
  std::size_t start = find_start_code(packet, 0);
  while (start + 3 < packet.size()) {
    const std::size_t begin = start + 3;
    const std::size_t next = find_start_code(packet, begin);
    std::size_t end = next;
    while (end > begin && at(packet, end - 1) == 0)
      --end;  // trailing zeros, or a longer start code
    if (end > begin && !visit(packet.subspan(begin, end - begin))) return;
    start = next;
  }
}

void walk_lengths(Bytes packet, std::size_t length_size, const std::function<bool(Bytes)>& visit) {
  std::size_t i = 0;
  while (packet.size() - i > length_size) {
    std::size_t length = 0;
    for (std::size_t k = 0; k < length_size; ++k)
      length = length << 8 | at(packet, i + k);
    i += length_size;
    if (length > packet.size() - i) return;
    if (length > 0 && !visit(packet.subspan(i, length))) return;
    i += length;
  }
}

}  // namespace

int nal_length_size(AVCodecID codec, Bytes extradata) noexcept {
  // A configuration record starts with a version of 1, start codes with zeros.
  if (codec == AV_CODEC_ID_H264 && extradata.size() > 6 && at(extradata, 0) == 1) {
    return static_cast<int>(at(extradata, 4) & 3u) + 1;
  }
  if (codec == AV_CODEC_ID_HEVC && extradata.size() > 22 &&
      (at(extradata, 0) != 0 || at(extradata, 1) != 0 || at(extradata, 2) > 1)) {
    return static_cast<int>(at(extradata, 21) & 3u) + 1;
  }
  return 0;
}

void for_each_nal(Bytes packet, int length_size, const std::function<bool(Bytes)>& visit) {
  if (length_size == 0) {
    walk_start_codes(packet, visit);
  } else {
    walk_lengths(packet, static_cast<std::size_t>(length_size), visit);
  }
}

NalKind nal_kind(AVCodecID codec, Bytes nal) noexcept {
  if (nal.empty()) return NalKind::kOther;
  if (codec == AV_CODEC_ID_H264) {
    const unsigned type = at(nal, 0) & 31u;
    if (type == 7) return NalKind::kSequenceSet;
    if (type == 8) return NalKind::kParameterSet;
    if (type == 5) return NalKind::kIdrSlice;
    return type >= 1 && type <= 4 ? NalKind::kSlice : NalKind::kOther;
  }
  if (codec == AV_CODEC_ID_HEVC) {
    const unsigned type = at(nal, 0) >> 1 & 63u;
    if (type == 33) return NalKind::kSequenceSet;
    if (type == 32 || type == 34) return NalKind::kParameterSet;
    if (type >= 16 && type <= 20) return NalKind::kIdrSlice;  // BLA and IDR
    return type <= 31 ? NalKind::kSlice : NalKind::kOther;
  }
  return NalKind::kOther;
}

}  // namespace clipbuf::detail
