// Where decoding of H.264 and HEVC may start, read from the coded bytes. Never trusts a size in
// them.
#pragma once

#include <clipbuf/packet.hpp>

#include <cstdint>
#include <span>

namespace clipbuf::detail {

enum class StartKind : std::uint8_t {
  kNone,      // nothing that decoding could start at was found
  kClean,     // IDR: nothing after it refers to anything before it
  kOpen,      // CRA, BLA, recovery point 0, plain I picture: pictures shown before it need what was
              // before
  kRecovery,  // a recovery point with a count: right only so many pictures later
};

struct StartPoint {
  StartKind kind = StartKind::kNone;
  std::uint16_t recovery = 0;  // pictures still wrong, of kRecovery
};

/// Knows how the packets of one track are framed: Annex B start codes, or lengths of so many bytes
/// as avcC and hvcC say.
class Bitstream {
 public:
  Bitstream() = default;
  explicit Bitstream(const Track& track);

  /// Whether packets of this codec can be looked into at all.
  bool known() const noexcept { return codec_ != Codec::kOther; }

  /// Where the packet lets decoding start. For a codec that isn't known: kClean for codecs whose
  /// key pictures end all references, kOpen for the others.
  StartPoint start_point(std::span<const std::byte> packet) const noexcept;

  /// Whether the packet is a picture that can't be decoded after starting at the key just before it
  /// (an HEVC RASL picture; in other codecs every picture that is shown before its key).
  bool is_skipped_leading(std::span<const std::byte> packet) const noexcept;

 private:
  enum class Codec : std::uint8_t { kOther, kOtherOpen, kH264, kHevc };
  Codec codec_ = Codec::kOther;
  int length_bytes_ = 0;  // 0: Annex B
};

}  // namespace clipbuf::detail
