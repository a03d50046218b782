// One stream out of runs whose parameter sets differ: every packet in Annex B, the sets in band.
#pragma once

#include "detail/av_ptr.hpp"

#include <clipbuf/packet.hpp>

namespace clipbuf::detail {

/// Whether packets of this codec can follow each other in one stream though their parameter sets
/// differ.
bool can_change_parameters(std::string_view codec) noexcept;

/// Turns the packets of one run into Annex B (ISO/IEC 14496-10 and 23008-2, annex B) with its
/// parameter sets before each key picture. Other codecs carry theirs in band anyway and pass
/// unchanged. Thread word: bound.
class AnnexB {
 public:
  /// Errors: kCorruptData (extradata that isn't), kOutOfMemory.
  static Result<AnnexB> open(const Track& track);

  /// The parameter sets in Annex B.
  const std::vector<std::byte>& extradata() const noexcept { return extradata_; }

  /// The packet's bytes; valid until the next call.
  Result<std::span<const std::byte>> convert(const Packet& packet);

 private:
  AvBsfPtr filter_;  // null: the packets are in Annex B already, or it doesn't matter
  AvPacketPtr packet_;
  std::vector<std::byte> extradata_;
  std::vector<std::byte> joined_;
  bool prepend_ = false;
};

}  // namespace clipbuf::detail
