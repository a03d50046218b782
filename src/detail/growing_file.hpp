// A file that is readable under its own name while it grows.
#pragma once

#include "detail/mux.hpp"

#include <string>

namespace clipbuf::detail {

/// Created anew, never over an existing file. Stays when destroyed; remove() takes it away.
class GrowingFile final : public ByteTarget {
 public:
  /// Errors: kStorageFailed (also when something stands there already), kStorageFull.
  static Result<std::unique_ptr<GrowingFile>> create(const std::string& path);
  ~GrowingFile() override;

  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override;
  void remove() noexcept;
  const std::string& path() const noexcept { return path_; }

 private:
  GrowingFile() = default;
  std::string path_;
  int fd_ = -1;
};

}  // namespace clipbuf::detail
