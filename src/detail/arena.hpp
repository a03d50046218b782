// Arena: fixed-size blocks of memory that are used again, and the hard limit on all of them.
#pragma once

#include "detail/mutex.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>

namespace clipbuf::detail {

/// The head of a block; the payload follows it. Blocks form chains in the order they were written.
struct alignas(16) Block {
  std::atomic<std::uint32_t> refs{0};
  Block* next =
      nullptr;  // set once, before anybody can see that the chain goes on; free list's link

  std::byte* data() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
};

/// Part of a chain: `bytes` from `offset` in `first` on. Owns one reference on each of its blocks.
struct Extent {
  Block* first = nullptr;
  Block* last = nullptr;
  std::size_t offset = 0;
  std::size_t bytes = 0;
};

/// Thread-safe. Everything it has ever allocated and not returned counts against `max_bytes`, free
/// blocks too. Segments keep it alive.
class Arena {
 public:
  static constexpr std::size_t kSlotBytes = 192;  // of a segment object, its control block included

  Arena(std::size_t block_bytes, std::size_t max_bytes);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Payload bytes of a block.
  std::size_t capacity() const noexcept { return capacity_; }

  /// A chain of `count` blocks with one reference each, or nullptr: all or nothing.
  Block* take(std::size_t count);

  static void add_ref(Block* block) noexcept {
    block->refs.fetch_add(1, std::memory_order_relaxed);
  }
  void add_refs(const Extent& extent) noexcept;
  void drop_ref(Block* block) noexcept;
  void drop_refs(const Extent& extent) noexcept;

  /// Memory for one segment object, or nullptr.
  void* take_slot() noexcept;
  void return_slot(void* slot) noexcept;

  /// False when more than that is held already.
  bool set_max_bytes(std::size_t max_bytes) noexcept;
  std::size_t bytes_held() const noexcept;

  /// Called now and then by the writer: gives back, a few at a time, the blocks that stood idle
  /// through the last calls, as after a long clip was let go. What the next segments need stays:
  /// fresh memory costs page faults.
  void trim() noexcept;

 private:
  struct Slot {
    Slot* next;
  };

  Block* take_free(std::size_t count) CLIPBUF_REQUIRES(mutex_);
  bool reserve(std::size_t bytes, std::size_t keep_back) CLIPBUF_REQUIRES(mutex_);
  void put_free(Block* chain, Block* end, std::size_t count) noexcept;
  void free_chain(Block* chain) noexcept;

  const std::size_t block_bytes_;
  const std::size_t capacity_;
  mutable Mutex mutex_;
  std::size_t max_bytes_ CLIPBUF_GUARDED_BY(mutex_);
  std::size_t held_ CLIPBUF_GUARDED_BY(mutex_) = 0;
  Block* free_ CLIPBUF_GUARDED_BY(mutex_) = nullptr;
  std::size_t free_count_ CLIPBUF_GUARDED_BY(mutex_) = 0;
  std::size_t free_low_ CLIPBUF_GUARDED_BY(mutex_) = 0;  // fewest free blocks since the last trim
  std::size_t excess_ CLIPBUF_GUARDED_BY(mutex_) = 0;    // of them, still to be given back
  unsigned trims_ CLIPBUF_GUARDED_BY(mutex_) = 0;
  Slot* slots_ CLIPBUF_GUARDED_BY(mutex_) = nullptr;
};

/// Gives std::allocate_shared an arena's slots. `reserved` is used for the first allocation.
template <class T>
struct SlotAllocator {
  using value_type = T;
  std::shared_ptr<Arena> arena;
  void* reserved = nullptr;

  SlotAllocator(std::shared_ptr<Arena> from, void* slot) noexcept
      : arena(std::move(from)), reserved(slot) {}
  template <class U>
  SlotAllocator(const SlotAllocator<U>& other) noexcept  // NOLINT: allocators convert
      : arena(other.arena), reserved(other.reserved) {}

  T* allocate(std::size_t count) {
    static_assert(sizeof(T) <= Arena::kSlotBytes - 16 && alignof(T) <= 16);
    if (count != 1 || reserved == nullptr) throw std::bad_alloc();
    return static_cast<T*>(reserved);
  }
  void deallocate(T* slot, std::size_t) noexcept { arena->return_slot(slot); }

  template <class U>
  bool operator==(const SlotAllocator<U>& other) const noexcept {
    return arena == other.arena;
  }
};

}  // namespace clipbuf::detail
