#include "detail/arena.hpp"

#include <algorithm>

namespace clipbuf::detail {

namespace {

// What malloc keeps beside an allocation: asking for that much less leaves a block a whole number
// of pages.
constexpr std::size_t kMallocBytes = 16;
// Blocks leave this much free, so that a peek finds room for its segment object.
constexpr std::size_t kSlotReserve = 16 * Arena::kSlotBytes;
constexpr unsigned kTrimPeriod = 16;
constexpr std::size_t kTrimAtOnce = 8;

}  // namespace

Arena::Arena(std::size_t block_bytes, std::size_t max_bytes)
    : block_bytes_(block_bytes),
      capacity_(block_bytes - sizeof(Block) - kMallocBytes),
      max_bytes_(max_bytes) {}

Arena::~Arena() {
  free_chain(free_);
  while (slots_ != nullptr) {
    Slot* slot = slots_;
    slots_ = slot->next;
    ::operator delete(slot);
  }
}

Block* Arena::take_free(std::size_t count) {
  Block* chain = nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    Block* block = free_;
    free_ = block->next;
    block->next = chain;
    chain = block;
  }
  free_count_ -= count;
  free_low_ = std::min(free_low_, free_count_);
  return chain;
}

bool Arena::reserve(std::size_t bytes, std::size_t keep_back) {
  if (max_bytes_ != 0 && (held_ > max_bytes_ || bytes > max_bytes_ - held_ ||
                          max_bytes_ - held_ - bytes < keep_back)) {
    return false;
  }
  held_ += bytes;
  return true;
}

Block* Arena::take(std::size_t count) {
  Block* chain = nullptr;
  std::size_t fresh = 0;
  {
    const MutexLock lock(mutex_);
    const std::size_t reused = std::min(count, free_count_);
    fresh = count - reused;
    if (fresh > std::numeric_limits<std::size_t>::max() / block_bytes_) return nullptr;
    if (fresh > 0 && !reserve(fresh * block_bytes_, kSlotReserve)) return nullptr;
    chain = take_free(reused);
  }
  for (std::size_t i = 0; i < fresh; ++i) {
    void* memory = ::operator new(block_bytes_ - kMallocBytes, std::nothrow);
    if (memory == nullptr) {
      free_chain(chain);
      const MutexLock lock(mutex_);
      held_ -= (count - i) * block_bytes_;
      return nullptr;
    }
    auto* block = new (memory) Block;
    block->next = chain;
    chain = block;
  }
  for (Block* block = chain; block != nullptr; block = block->next) {
    block->refs.store(1, std::memory_order_relaxed);
  }
  return chain;
}

void Arena::add_refs(const Extent& extent) noexcept {
  for (Block* block = extent.first; block != nullptr; block = block->next) {
    add_ref(block);
    if (block == extent.last) break;
  }
}

void Arena::drop_ref(Block* block) noexcept {
  if (block->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) put_free(block, block, 1);
}

void Arena::drop_refs(const Extent& extent) noexcept {
  Block* chain = nullptr;
  Block* end = nullptr;
  std::size_t count = 0;
  for (Block* block = extent.first; block != nullptr;) {
    Block* next = block == extent.last ? nullptr : block->next;
    if (block->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      if (end == nullptr) end = block;
      block->next = chain;
      chain = block;
      ++count;
    }
    block = next;
  }
  if (chain != nullptr) put_free(chain, end, count);
}

void Arena::put_free(Block* chain, Block* end, std::size_t count) noexcept {
  const MutexLock lock(mutex_);
  end->next = free_;
  free_ = chain;
  free_count_ += count;
}

void Arena::free_chain(Block* chain) noexcept {
  while (chain != nullptr) {
    Block* next = chain->next;
    chain->~Block();
    ::operator delete(chain);
    chain = next;
  }
}

void* Arena::take_slot() noexcept {
  const MutexLock lock(mutex_);
  if (slots_ != nullptr) {
    Slot* slot = slots_;
    slots_ = slot->next;
    return slot;
  }
  if (!reserve(kSlotBytes, 0)) return nullptr;
  void* memory = ::operator new(kSlotBytes - kMallocBytes, std::nothrow);
  if (memory == nullptr) held_ -= kSlotBytes;
  return memory;
}

void Arena::return_slot(void* slot) noexcept {
  const MutexLock lock(mutex_);
  slots_ = new (slot) Slot{slots_};
}

bool Arena::set_max_bytes(std::size_t max_bytes) noexcept {
  const MutexLock lock(mutex_);
  if (max_bytes != 0 && held_ > max_bytes) return false;
  max_bytes_ = max_bytes;
  return true;
}

std::size_t Arena::bytes_held() const noexcept {
  const MutexLock lock(mutex_);
  return held_;
}

void Arena::trim() noexcept {
  Block* idle = nullptr;
  {
    const MutexLock lock(mutex_);
    if (++trims_ == kTrimPeriod) {
      trims_ = 0;
      excess_ = free_low_;
      free_low_ = free_count_;
    }
    const std::size_t count = std::min({excess_, kTrimAtOnce, free_count_});
    idle = take_free(count);
    held_ -= count * block_bytes_;
    excess_ -= count;
  }
  free_chain(idle);
}

}  // namespace clipbuf::detail
