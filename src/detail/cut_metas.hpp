// The packets of a snapshot without their bytes: what a plan is made of.
#pragma once

#include "detail/snapshot.hpp"

namespace clipbuf::detail {

/// A stored packet without its bytes.
struct Meta {
  const SegmentEntry* entry = nullptr;
  Packet packet;
  Timestamp wall{};
  bool complete = true;  // nothing presented before it can still come
  bool clean = false;    // see Sample
};

inline Rational base_of(const Meta& meta) {
  return meta.entry->run->tracks[meta.packet.track]->time_base;
}

/// In the order in which the segments give them. Errors: those of reading; kCorruptData.
Result<std::vector<Meta>> read_metas(const Snapshot& snapshot);

}  // namespace clipbuf::detail
