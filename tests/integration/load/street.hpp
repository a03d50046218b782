// The street scene of tests/data as an endless camera: its packets again and again, times going on.
#pragma once

#include <clipbuf/clipbuf.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace load {

/// Ends the program with a line: these programs test others' work, they don't recover.
[[noreturn]] inline void give_up(const std::string& what) {
  std::fprintf(stderr, "failed: %s\n", what.c_str());
  std::exit(1);
}

template <class T>
T must(clipbuf::Result<T> result, const char* what) {
  if (!result) give_up(std::string(what) + ": " + result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

class Street {
 public:
  static constexpr int kFrames = 240;
  static constexpr clipbuf::Duration kFrame = std::chrono::milliseconds(100);

  explicit Street(const std::string& path) {
    clipbuf::Config config;
    config.source = path;
    auto source = must(clipbuf::make_source(config), "make_source");
    const auto info = must(source->open(), "open");
    const auto video = std::find_if(info.tracks.begin(), info.tracks.end(), [](const auto& track) {
      return track.kind == clipbuf::TrackKind::kVideo;
    });
    track_ = *video;
    const auto wanted = static_cast<clipbuf::TrackId>(video - info.tracks.begin());
    for (;;) {
      auto item = source->read();
      if (!item && item.error().code == clipbuf::Errc::kEndOfStream) break;
      auto packet = std::get<clipbuf::Packet>(must(std::move(item), "read"));
      if (packet.track != wanted) continue;
      bytes_.emplace_back(packet.data.begin(), packet.data.end());
      packet.owner = nullptr;
      packets_.push_back(packet);
    }
    if (packets_.size() != kFrames) give_up(std::to_string(packets_.size()) + " packets, not 240");
    for (std::size_t i = 0; i < packets_.size(); ++i)
      packets_[i].data = bytes_[i];
    round_ticks_ = clipbuf::to_ticks(kFrame * kFrames, track_.time_base);
    first_ = packets_.front().pts;
  }

  const clipbuf::Track& track() const { return track_; }

  /// Packet `number` of the endless stream; its frames are shown at 0, 0.1, 0.2 ... seconds.
  clipbuf::Packet packet(std::uint64_t number, clipbuf::TrackId id) const {
    clipbuf::Packet packet = packets_[number % kFrames];
    const auto shift = static_cast<std::int64_t>(number / kFrames) * round_ticks_ - first_;
    packet.pts += shift;
    packet.dts += shift;
    packet.track = id;
    return packet;
  }

 private:
  clipbuf::Track track_;
  std::vector<std::vector<std::byte>> bytes_;
  std::vector<clipbuf::Packet> packets_;
  std::int64_t round_ticks_ = 0;
  std::int64_t first_ = 0;
};

}  // namespace load
