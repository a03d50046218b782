// The concept Storage: where the bytes of segments live. Models: storage/memory.hpp.
#pragma once

#include <clipbuf/packet.hpp>

#include <concepts>
#include <cstddef>

namespace clipbuf {

/// How much a buffer keeps. Where the two conflict, max_bytes wins.
struct Limits {
  Duration keep = std::chrono::minutes(5);  ///< 0: no limit by time
  std::size_t max_bytes = 0;  ///< everything held, pinned clips too; 0: no limit by bytes
};

/// Walks the packets of one segment in decoding order. Thread word: bound.
class CLIPBUF_API PacketReader {
 public:
  virtual ~PacketReader() = default;

  /// The next packet, or nullptr after the last. Its bytes are valid until the next call.
  /// Errors: kCorruptData, kStorageFailed.
  virtual Result<const Packet*> next() = 0;
};

/// An immutable group of packets. Whoever holds the pointer has it pinned: its bytes stay readable
/// whatever the ring evicts. Thread word: thread-safe.
class CLIPBUF_API StoredSegment {
 public:
  virtual ~StoredSegment() = default;
  virtual Result<std::unique_ptr<PacketReader>> read() const = 0;
};

using SegmentPtr = std::shared_ptr<const StoredSegment>;

/// Where segments live. The store decides what goes in and what leaves, and keeps the index; a
/// storage only keeps packets, in order, and gives them back. What the compiler can't check:
///
/// - *Calls.* limit(), append(), seal(), discard() and release() come from the one writer; peek()
/// and
///   bytes_held() from any thread at any time, also during append().
/// - append() adds to the open segment; the bytes are copied before it returns. It either stores
/// the
///   whole packet or fails and changes nothing. kStorageFull: no room within max_bytes: the store
///   evicts its oldest segment and tries again. It never waits for a reader.
/// - peek() is the open segment as it is now, for ever: later appends don't show in it. It is cheap
///   and copies no payload.
/// - seal() closes the open segment and returns it; the next append() starts another. Sealing an
/// empty
///   segment returns nullptr. discard() forgets what the open segment holds.
/// - release() says that the ring has let go of a segment; the bytes stay while anyone holds it.
/// - bytes_held() counts everything: payload, index, free blocks kept for reuse, pinned segments.
/// It
///   never exceeds Limits::max_bytes.
/// - Order, ticks, flags and bytes come back exactly as they went in; arrival and owner don't.
template <class S>
concept Storage = std::movable<S> && requires(S storage, const S& frozen, const Limits& limits,
                                              const Packet& packet, const SegmentPtr& segment) {
  { storage.limit(limits) } -> std::same_as<Result<void>>;
  { storage.append(packet) } -> std::same_as<Result<void>>;
  { storage.seal() } -> std::same_as<Result<SegmentPtr>>;
  { storage.discard() } -> std::same_as<void>;
  { storage.release(segment) } -> std::same_as<void>;
  { frozen.peek() } -> std::same_as<SegmentPtr>;
  { frozen.bytes_held() } -> std::same_as<std::size_t>;
};

}  // namespace clipbuf
