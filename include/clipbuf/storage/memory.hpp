// MemoryStorage: segments in recycled blocks of this process's memory.
#pragma once

#include <clipbuf/storage.hpp>

namespace clipbuf {

/// Keeps packets back to back in fixed-size blocks that neighbouring segments share and that are
/// used again once nobody holds them: in the steady state an append allocates nothing.
class CLIPBUF_API MemoryStorage {
 public:
  struct Options {
    std::size_t block_bytes = 0;  ///< 0: 256 KiB, less under a small max_bytes; at least 4 KiB
  };
  MemoryStorage() : MemoryStorage(Options{}) {}
  explicit MemoryStorage(Options options);
  MemoryStorage(MemoryStorage&&) noexcept;
  MemoryStorage& operator=(MemoryStorage&&) noexcept;
  ~MemoryStorage();

  Result<void> limit(const Limits& limits);
  Result<void> append(const Packet& packet);
  Result<SegmentPtr> seal();
  void discard();
  void release(const SegmentPtr& segment);
  SegmentPtr peek() const;
  std::size_t bytes_held() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace clipbuf
