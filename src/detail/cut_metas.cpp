#include "detail/cut_metas.hpp"

#include "detail/bitstream.hpp"
#include "detail/try.hpp"

namespace clipbuf::detail {

Result<std::vector<Meta>> read_metas(const Snapshot& snapshot) {
  std::vector<Meta> metas;
  const Run* run = nullptr;
  Bitstream bits;
  for (const SegmentEntry& entry : snapshot.segments) {
    if (entry.run.get() != run && entry.run->main_track < entry.run->tracks.size()) {
      run = entry.run.get();
      bits = Bitstream(*run->tracks[run->main_track]);
    }
    CLIPBUF_TRY_SET(const auto reader, entry.segment->read());
    for (;;) {
      CLIPBUF_TRY_SET(const Packet* packet, reader->next());
      if (packet == nullptr) break;
      if (packet->track >= entry.run->tracks.size()) {
        return Error{Errc::kCorruptData, "a packet names track " + std::to_string(packet->track) +
                                             " of " + std::to_string(entry.run->tracks.size())};
      }
      Meta meta{&entry, *packet, {}, true, false};
      meta.clean = packet->key && packet->track == run->main_track &&
                   bits.start_point(packet->data).kind == StartKind::kClean;
      const Duration media = to_duration(packet->pts, base_of(meta));
      meta.wall = entry.wall(media);
      meta.complete = entry.final || media < entry.end;
      metas.push_back(std::move(meta));
    }
  }
  return metas;
}

}  // namespace clipbuf::detail
