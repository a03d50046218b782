// Packets into a container, through libavformat, onto anything that takes bytes at an offset.
#pragma once

#include "detail/container.hpp"

#include <clipbuf/packet.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace clipbuf::detail {

/// Where a file's bytes go. Offsets may go back to what was written before; they leave no hole at
/// the end.
class ByteTarget {
 public:
  virtual ~ByteTarget() = default;
  virtual Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
};

/// A growing block of memory.
class MemoryTarget final : public ByteTarget {
 public:
  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override;
  std::vector<std::byte> take() && { return std::move(bytes_); }
  std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

struct MuxOptions {
  const ContainerInfo* container = nullptr;
  std::size_t head_bytes = 0;  ///< MP4, MOV: room for `moov` at the front; see head_bytes_for
  std::optional<Timestamp> creation;  ///< wall time of the first frame
  std::map<std::string, std::string> metadata;
  std::string video_tag;  ///< four letters, such as "hvc1"; empty: the muxer's choice
};

/// What decides how much room `moov` takes.
struct MuxCounts {
  std::size_t video_packets = 0;
  std::size_t audio_packets = 0;
  std::uint64_t payload_bytes = 0;
  std::size_t extradata_bytes = 0;
};

/// An upper bound of a `moov` box, so that it can stand before the media without moving the media
/// later.
std::size_t head_bytes_for(const MuxCounts& counts);

/// One file in the making. Thread word: bound.
class Muxer {
 public:
  /// Errors: kUnsupported (a codec the container can't hold), or the target's.
  static Result<std::unique_ptr<Muxer>> open(const MuxOptions& options,
                                             std::span<const Track> tracks, ByteTarget& target);
  ~Muxer();

  /// Adds a packet of stream packet.track; ticks of the track's time base, zero being where the
  /// presentation begins. What lies before zero is hidden where the container has edit lists.
  /// Packets of one stream come in decoding order; streams are interleaved here.
  Result<void> write(const Packet& packet);

  /// Ends the file. `lengths` says per stream how long it is presented from zero, in ticks of its
  /// time base; used where the container has edit lists, else ignored.
  Result<void> finish(std::span<const std::int64_t> lengths);

  /// What has been written so far.
  std::uint64_t bytes() const noexcept;

 private:
  struct Impl;
  explicit Muxer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The parameter sets that `key`, a key packet of a track that came without them, carries in band;
/// empty when there are none.
std::vector<std::byte> extradata_in_band(const Track& track, const Packet& key);

}  // namespace clipbuf::detail
