// Snapshots made by hand, for the tests of what reads them.
#pragma once

#include "detail/snapshot.hpp"

#include <string>

namespace clipbuf::test {

/// One group of pictures in decoding order: I key, P shown after all before it, b shown before the
/// P just before it, l shown before the group's I. 40 ms a picture.
struct Gop {
  std::string pattern;
  std::vector<std::byte> extradata;
  std::uint16_t recovery = 0;
};

/// A segment over packets in memory.
class ListSegment final : public StoredSegment {
 public:
  explicit ListSegment(std::vector<Packet> packets) : packets_(std::move(packets)) {}

  Result<std::unique_ptr<PacketReader>> read() const override {
    return std::unique_ptr<PacketReader>(std::make_unique<Reader>(packets_));
  }

 private:
  class Reader final : public PacketReader {
   public:
    explicit Reader(const std::vector<Packet>& packets) : packets_(packets) {}
    Result<const Packet*> next() override {
      return at_ < packets_.size() ? &packets_[at_++] : nullptr;
    }

   private:
    const std::vector<Packet>& packets_;
    std::size_t at_ = 0;
  };
  std::vector<Packet> packets_;
};

/// The pictures of a pattern: presentation numbers in decoding order.
inline std::vector<int> presentation(const std::string& pattern) {
  std::vector<int> order(pattern.size(), -1);
  int next = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == 'b' || pattern[i] == 'l') continue;
    // Those that follow in decoding order and are marked so are shown first.
    for (std::size_t j = i + 1; j < pattern.size() && (pattern[j] == 'b' || pattern[j] == 'l'); ++j)
      order[j] = next++;
    order[i] = next++;
  }
  return order;
}

/// Adds a run whose media time begins at zero and whose wall time begins at `wall`; ticks are
/// milliseconds.
inline void add_run(detail::Snapshot& snapshot, const std::vector<Gop>& gops, Duration wall) {
  static const std::byte kPayload[4]{};
  auto run = std::make_shared<detail::Run>();
  run->id = snapshot.segments.empty() ? 0 : snapshot.segments.back().run->id + 1;
  Track track;
  track.codec = "mjpeg";  // every key of it is clean
  track.time_base = {1, 1000};
  track.width = track.height = 16;
  run->tracks.push_back(std::make_shared<const Track>(track));
  std::int64_t shown = 0;
  std::int64_t decoded = 0;
  for (const Gop& gop : gops) {
    std::vector<Packet> packets;
    const std::vector<int> order = presentation(gop.pattern);
    for (std::size_t i = 0; i < order.size(); ++i) {
      Packet packet;
      packet.key = gop.pattern[i] == 'I';
      packet.recovery = packet.key ? gop.recovery : std::uint16_t{0};
      packet.pts = (shown + order[i]) * 40;
      packet.dts = (decoded++ - 3) * 40;
      packet.duration = 40;
      packet.data = kPayload;
      packets.push_back(packet);
    }
    detail::SegmentEntry entry;
    entry.begin = entry.all_begin = Duration(shown * 40'000);
    shown += static_cast<std::int64_t>(order.size());
    entry.end = entry.all_end = Duration(shown * 40'000);
    entry.id = snapshot.segments.size();
    entry.run = run;
    entry.to_wall = wall;
    entry.final = true;
    entry.segment = std::make_shared<const ListSegment>(std::move(packets));
    snapshot.segments.push_back(std::move(entry));
  }
}

inline detail::Snapshot snapshot_of(const std::vector<Gop>& gops) {
  detail::Snapshot snapshot;
  add_run(snapshot, gops, Duration{0});
  return snapshot;
}

}  // namespace clipbuf::test
