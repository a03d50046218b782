// NAL units of H.264 and HEVC: just enough to find parameter sets and the starts of coded video
// sequences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

extern "C" {
#include <libavcodec/codec_id.h>
}

namespace clipbuf::detail {

using Bytes = std::span<const std::byte>;

/// How many bytes hold a NAL unit's length, by the extradata; 0 where start codes separate them.
int nal_length_size(AVCodecID codec, Bytes extradata) noexcept;

/// Calls `visit` with each NAL unit of a packet, headers included, until it returns false. Broken
/// lengths end the walk.
void for_each_nal(Bytes packet, int length_size, const std::function<bool(Bytes)>& visit);

enum class NalKind : std::int32_t {
  kOther = 0,
  kSequenceSet = 1,   ///< an SPS: picture size, profile, reordering
  kParameterSet = 2,  ///< a PPS or VPS
  kSlice = 3,         ///< of a picture after which older ones may still matter
  kIdrSlice = 4,      ///< of a picture that starts a coded video sequence
};

inline bool is_set(NalKind kind) noexcept {
  return kind == NalKind::kSequenceSet || kind == NalKind::kParameterSet;
}
inline bool is_slice(NalKind kind) noexcept {
  return kind == NalKind::kSlice || kind == NalKind::kIdrSlice;
}

/// `nal` of a codec that is neither H.264 nor HEVC is kOther.
NalKind nal_kind(AVCodecID codec, Bytes nal) noexcept;

}  // namespace clipbuf::detail
