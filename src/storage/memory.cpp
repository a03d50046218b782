#include <clipbuf/storage/memory.hpp>

#include "detail/arena.hpp"
#include "detail/packet_record.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace clipbuf {

namespace {

using detail::Arena;
using detail::Block;
using detail::Extent;
using detail::MutexLock;

constexpr std::size_t kDefaultBlock = 256 * 1024;
constexpr std::size_t kSmallestBlock = 4 * 1024;
constexpr std::size_t kSmallestLimit = 4 * kSmallestBlock;

// 64 blocks or more under a limit, so that whole blocks are a fine enough measure of it.
std::size_t block_size(std::size_t wanted, std::size_t max_bytes) {
  const std::size_t most = max_bytes == 0 ? wanted : std::bit_floor(max_bytes / 4);
  if (wanted == 0) {
    wanted =
        max_bytes == 0 ? kDefaultBlock : std::min(kDefaultBlock, std::bit_floor(max_bytes / 64));
    return std::max(wanted, kSmallestBlock);
  }
  return std::max(std::min(wanted, most), kSmallestBlock);
}

class MemorySegment final : public StoredSegment,
                            public std::enable_shared_from_this<MemorySegment> {
 public:
  MemorySegment(std::shared_ptr<Arena> arena, const Extent& extent) noexcept
      : arena_(std::move(arena)), extent_(extent) {}
  ~MemorySegment() override { arena_->drop_refs(extent_); }
  MemorySegment(const MemorySegment&) = delete;
  MemorySegment& operator=(const MemorySegment&) = delete;

  Result<std::unique_ptr<PacketReader>> read() const override;
  const Extent& extent() const noexcept { return extent_; }
  std::size_t capacity() const noexcept { return arena_->capacity(); }

 private:
  std::shared_ptr<Arena> arena_;
  Extent extent_;
};

class MemoryReader final : public PacketReader {
 public:
  explicit MemoryReader(std::shared_ptr<const MemorySegment> segment)
      : segment_(std::move(segment)),
        block_(segment_->extent().first),
        at_(segment_->extent().offset),
        left_(segment_->extent().bytes) {}

  Result<const Packet*> next() override {
    if (left_ == 0) return nullptr;
    const std::size_t longest = std::min(left_, detail::kMaxRecordHead);
    std::span<const std::byte> bytes;
    if (segment_->capacity() - at_ >= longest) {
      bytes = {block_->data() + at_, longest};
    } else {
      copy(head_.data(), longest, block_, at_);
      bytes = {head_.data(), longest};
    }
    const detail::RecordLengths lengths = detail::decode_record(bytes, state_, packet_);
    if (lengths.head == 0 || lengths.payload > left_ - lengths.head) {
      left_ = 0;
      return Error{Errc::kCorruptData, "a record in memory is damaged"};
    }
    advance(lengths.head);
    packet_.data = payload(lengths.payload);
    return &packet_;
  }

 private:
  std::span<const std::byte> payload(std::size_t size) {
    std::span<const std::byte> bytes;
    if (size <= segment_->capacity() - at_) {
      bytes = {block_->data() + at_, size};
    } else {
      if (scratch_.size() < size) scratch_.resize(size);
      copy(scratch_.data(), size, block_, at_);
      bytes = {scratch_.data(), size};
    }
    advance(size);
    return bytes;
  }

  void copy(std::byte* to, std::size_t size, Block* block, std::size_t at) const {
    while (size > 0) {
      if (at == segment_->capacity()) {
        block = block->next;
        at = 0;
      }
      const std::size_t part = std::min(size, segment_->capacity() - at);
      std::memcpy(to, block->data() + at, part);
      to += part;
      at += part;
      size -= part;
    }
  }

  // Leaves a block only when more bytes follow: the last block's link may belong to a later
  // segment.
  void advance(std::size_t size) {
    left_ -= size;
    at_ += size;
    const std::size_t capacity = segment_->capacity();
    while (at_ > capacity || (at_ == capacity && left_ > 0)) {
      block_ = block_->next;
      at_ -= capacity;
    }
  }

  std::shared_ptr<const MemorySegment> segment_;
  Block* block_;
  std::size_t at_;
  std::size_t left_;
  detail::RecordState state_;
  detail::RecordHead head_{};
  std::vector<std::byte> scratch_;
  Packet packet_;
};

Result<std::unique_ptr<PacketReader>> MemorySegment::read() const {
  return std::unique_ptr<PacketReader>(std::make_unique<MemoryReader>(shared_from_this()));
}

Error storage_full(std::size_t size, std::size_t held) {
  return {Errc::kStorageFull, "no room for a packet of " + std::to_string(size) + " bytes beside " +
                                  std::to_string(held) + " bytes held"};
}

}  // namespace

struct MemoryStorage::Impl {
  explicit Impl(Options chosen)
      : options(chosen), arena(std::make_shared<Arena>(block_size(chosen.block_bytes, 0), 0)) {}
  ~Impl() {
    discard();
    if (tail != nullptr) arena->drop_ref(tail);
    if (slot != nullptr) arena->return_slot(slot);
  }

  bool make_room(std::size_t size);
  void write(std::span<const std::byte> bytes) noexcept;
  Result<void> append(const Packet& packet);
  SegmentPtr seal();
  SegmentPtr peek();
  void discard();

  Options options;
  std::shared_ptr<Arena> arena;

  // The writer's: bytes go behind what is published, so no reader ever looks at them meanwhile.
  Block* tail = nullptr;   // has a reference of its own
  std::size_t used = 0;    // bytes of the tail
  void* slot = nullptr;    // reserved for the open segment, so that sealing it can't fail
  Block* begin = nullptr;  // where the open segment begins, once it is not empty
  std::size_t begin_at = 0;
  bool empty = true;
  detail::RecordState state;

  mutable detail::Mutex mutex;
  Extent open CLIPBUF_GUARDED_BY(mutex);  // what is published of the open segment
  std::weak_ptr<const MemorySegment> peeked CLIPBUF_GUARDED_BY(mutex);
  std::size_t peeked_bytes CLIPBUF_GUARDED_BY(mutex) = 0;
};

// Makes the tail's chain long enough for `size` more bytes; changes nothing when it can't.
bool MemoryStorage::Impl::make_room(std::size_t size) {
  const std::size_t capacity = arena->capacity();
  if (empty) {
    if (slot == nullptr) slot = arena->take_slot();
    if (slot == nullptr) return false;
    // Nobody else looks at the tail: write it from its beginning again.
    if (tail != nullptr && tail->refs.load(std::memory_order_acquire) == 1) used = 0;
  }
  const std::size_t room = tail == nullptr ? 0 : capacity - used;
  if (size <= room) {
    if (empty) Arena::add_ref(tail);
  } else {
    Block* chain = arena->take((size - room + capacity - 1) / capacity);
    if (chain == nullptr) return false;
    if (empty && room > 0) Arena::add_ref(tail);
    if (room == 0 && (empty || tail == nullptr)) {
      if (tail != nullptr) arena->drop_ref(tail);
      tail = chain;
      used = 0;
      Arena::add_ref(tail);
    } else {
      tail->next = chain;
    }
  }
  if (empty) {
    begin = tail;
    begin_at = used;
    empty = false;
  }
  return true;
}

void MemoryStorage::Impl::write(std::span<const std::byte> bytes) noexcept {
  const std::size_t capacity = arena->capacity();
  while (!bytes.empty()) {
    if (used == capacity) {
      Block* next = tail->next;
      Arena::add_ref(next);
      arena->drop_ref(tail);
      tail = next;
      used = 0;
    }
    const std::size_t part = std::min(bytes.size(), capacity - used);
    std::memcpy(tail->data() + used, bytes.data(), part);
    used += part;
    bytes = bytes.subspan(part);
  }
}

Result<void> MemoryStorage::Impl::append(const Packet& packet) {
  if (empty) state.clear();
  detail::RecordHead head;
  const std::size_t head_bytes = detail::encode_record(packet, state, head);
  const std::size_t size = head_bytes + packet.data.size();
  if (size < head_bytes || !make_room(size)) {
    return storage_full(packet.data.size(), arena->bytes_held());
  }
  write(std::span(head).first(head_bytes));
  write(packet.data);
  state.set_last_dts(packet.track, packet.dts);
  const MutexLock lock(mutex);
  open = {begin, tail, begin_at, open.bytes + size};
  return {};
}

SegmentPtr MemoryStorage::Impl::seal() {
  if (empty) return nullptr;
  Extent extent;
  {
    const MutexLock lock(mutex);
    extent = std::exchange(open, Extent{});
    peeked.reset();
  }
  empty = true;
  const detail::SlotAllocator<MemorySegment> allocator(arena, std::exchange(slot, nullptr));
  SegmentPtr segment = std::allocate_shared<MemorySegment>(allocator, arena, extent);
  arena->trim();
  return segment;
}

SegmentPtr MemoryStorage::Impl::peek() {
  const MutexLock lock(mutex);
  if (open.bytes == 0) return nullptr;
  if (auto same = peeked.lock(); same != nullptr && peeked_bytes == open.bytes) return same;
  peeked.reset();
  void* memory = arena->take_slot();
  if (memory == nullptr) return nullptr;
  arena->add_refs(open);
  const detail::SlotAllocator<MemorySegment> allocator(arena, memory);
  auto segment = std::allocate_shared<MemorySegment>(allocator, arena, open);
  peeked = segment;
  peeked_bytes = open.bytes;
  return segment;
}

void MemoryStorage::Impl::discard() {
  if (empty) return;
  Extent extent;
  {
    const MutexLock lock(mutex);
    extent = std::exchange(open, Extent{});
    peeked.reset();
  }
  empty = true;
  arena->drop_refs(extent);
}

MemoryStorage::MemoryStorage(Options options) : impl_(std::make_unique<Impl>(options)) {}
MemoryStorage::MemoryStorage(MemoryStorage&&) noexcept = default;
MemoryStorage& MemoryStorage::operator=(MemoryStorage&&) noexcept = default;
MemoryStorage::~MemoryStorage() = default;

Result<void> MemoryStorage::limit(const Limits& limits) {
  if (limits.max_bytes != 0 && limits.max_bytes < kSmallestLimit) {
    return Error{Errc::kInvalidArgument, "max_bytes is " + std::to_string(limits.max_bytes) +
                                             ", at least " + std::to_string(kSmallestLimit) +
                                             " are needed"};
  }
  if (impl_->arena->bytes_held() == 0) {
    const MutexLock lock(impl_->mutex);
    impl_->arena = std::make_shared<Arena>(block_size(impl_->options.block_bytes, limits.max_bytes),
                                           limits.max_bytes);
    return {};
  }
  if (!impl_->arena->set_max_bytes(limits.max_bytes)) {
    return Error{Errc::kInvalidArgument, "max_bytes is " + std::to_string(limits.max_bytes) + ", " +
                                             std::to_string(impl_->arena->bytes_held()) +
                                             " are held already"};
  }
  return {};
}

Result<void> MemoryStorage::append(const Packet& packet) {
  return impl_->append(packet);
}
Result<SegmentPtr> MemoryStorage::seal() {
  return impl_->seal();
}
void MemoryStorage::discard() {
  impl_->discard();
}
void MemoryStorage::release(const SegmentPtr&) {}  // the last holder's pointer returns the blocks
SegmentPtr MemoryStorage::peek() const {
  return impl_->peek();
}

std::size_t MemoryStorage::bytes_held() const {
  const MutexLock lock(impl_->mutex);
  return impl_->arena->bytes_held();
}

}  // namespace clipbuf
