// What the tests of the store share: a clock that is set by hand, packets, a codec of a few bytes.
#pragma once

#include "pictures.hpp"

#include <clipbuf/codec/copy.hpp>
#include <clipbuf/frame_store.hpp>
#include <clipbuf/storage/memory.hpp>

#include <atomic>

namespace clipbuf::test {

/// Both hands of a clock that only moves when told to.
struct FakeClock {
  static inline std::atomic<std::int64_t> wall_us{1'700'000'000'000'000};
  static inline std::atomic<std::int64_t> steady_us{50'000'000};

  static Timestamp wall() noexcept { return Timestamp(Duration(wall_us.load())); }
  static Duration steady() noexcept { return Duration(steady_us.load()); }
  static void reset() {
    wall_us = 1'700'000'000'000'000;
    steady_us = 50'000'000;
  }
  static void advance(Duration by) {
    wall_us += by.count();
    steady_us += by.count();
  }
  static void step_wall(Duration by) { wall_us += by.count(); }
};
inline constexpr Clock kFakeClock{&FakeClock::wall, &FakeClock::steady};

using CopyStore = FrameStore<CopyCodec, MemoryStorage>;

/// A video track whose packets are nothing that decodes; ticks are milliseconds.
inline Track video_track() {
  Track track;
  track.codec = "vp8";
  track.time_base = {1, 1000};
  track.frame_rate = {25, 1};
  track.width = track.height = 16;
  return track;
}

inline Track audio_track() {
  Track track;
  track.kind = TrackKind::kAudio;
  track.codec = "aac";
  track.time_base = {1, 48000};
  track.sample_rate = 48000;
  track.frame_size = 1024;
  track.channels = 1;
  return track;
}

/// A packet of `size` bytes that all say `number`; the bytes live as long as the program.
inline Packet packet(TrackId track, std::int64_t pts, bool key, std::size_t size = 100,
                     unsigned number = 0) {
  static thread_local std::array<std::vector<std::byte>, 256> fills;
  std::vector<std::byte>& fill = fills[number % 256];
  if (fill.size() < size) fill.assign(size, static_cast<std::byte>(number));
  Packet packet;
  packet.track = track;
  packet.key = key;
  packet.pts = packet.dts = pts;
  packet.data = std::span(fill).first(size);
  return packet;
}

/// Frame `n` of a 25 fps track with a key every `gop` frames.
inline Packet frame_packet(int n, int gop = 25, std::size_t size = 100) {
  return packet(0, std::int64_t{n} * 40, n % gop == 0, size, static_cast<unsigned>(n));
}

inline Timestamp media(std::int64_t milliseconds) {
  return Timestamp(std::chrono::milliseconds(milliseconds));
}

inline bool balanced(const BufferStatus& status) {
  const auto sum = [&](auto part) {
    return status.stored.*part + status.evicted.*part + status.dropped.no_key_frame.*part +
           status.dropped.no_room.*part + status.dropped.storage_error.*part +
           status.dropped.not_encoded.*part;
  };
  return status.in.packets == sum(&Count::packets) && status.in.bytes == sum(&Count::bytes);
}

/// All packets of a segment, owned.
inline std::vector<Packet> packets_of(const StoredSegment& segment) {
  std::vector<Packet> packets;
  const auto reader = segment.read().value();
  while (const Packet* next = reader->next().value())
    packets.push_back(owned(*next));
  return packets;
}

/// Emits 16 bytes of a frame, every packet a key; as small as a codec can be.
class TinyCodec {
 public:
  struct Options {
    int key_every = 1;
  };
  TinyCodec() : TinyCodec(Options{}) {}
  explicit TinyCodec(Options options) : options_(options) { track_.codec = "tiny"; }

  Result<void> encode(const FrameView& frame, EncodeHint hint, const PacketSink& sink) {
    if (frame.width != 16) return Error{Errc::kUnsupported, "width is not 16"};
    if (frame.height != track_.height) count_ = 0;
    track_.width = frame.width;
    track_.height = frame.height;
    if (hint.key) count_ = 0;
    Packet packet;
    packet.key = count_++ % options_.key_every == 0;
    packet.pts = packet.dts = frame.timestamp.time_since_epoch().count();
    packet.data = std::span(frame.planes[0], 16);
    return sink(packet);
  }
  Result<void> flush(const PacketSink&) { return {}; }
  const Track& track() const { return track_; }
  Result<std::unique_ptr<Decoder>> decoder(const Track&) const {
    return Error{Errc::kUnsupported, "nobody looks at it"};
  }

 private:
  Options options_;
  Track track_;
  int count_ = 0;
};

using TinyStore = FrameStore<TinyCodec, MemoryStorage>;

inline Result<void> push_tiny(Buffer& store, Timestamp when, int height = 16) {
  const Frame frame = picture(PixelFormat::kGray8, 16, height, 1, when);
  return store.push(frame.view());
}

}  // namespace clipbuf::test
