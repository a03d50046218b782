// Files that appear whole or not at all; the only place that opens and renames what a clip is
// written to.
#pragma once

#include <clipbuf/error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace clipbuf::detail {

/// "path: what: the system's text" with our code: no room (ENOSPC, EDQUOT, EFBIG) is kStorageFull,
/// anything else kStorageFailed.
Error file_error(int system_error, const std::string& path, const std::string& what);

/// Writes all of `data` at `offset`, however the kernel slices it, and names the bytes that got
/// through in its error. Where the process has a file size limit (RLIMIT_FSIZE) this is an error
/// like any other: the signal SIGXFSZ, which would end the process, is held off this thread for the
/// call and taken away.
Result<void> write_fully(int fd, std::uint64_t offset, std::span<const std::byte> data,
                         const std::string& path);

/// A file written under a hidden temporary name beside its final one, and renamed when it is
/// complete. What stands under the final name meanwhile stays untouched; a symbolic link there is
/// replaced, not followed. Owns the temporary file: destroying it without a commit removes it. It
/// survives a change of the working directory. Thread word: compatible. Fails: by Result; after a
/// failure only destroying it makes sense.
class AtomicFile {
 public:
  /// Errors: kInvalidArgument (an empty path), kStorageFailed (no such directory, not writable, the
  /// final path is a directory or a device), kStorageFull.
  static Result<AtomicFile> create(const std::string& final_path);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  ~AtomicFile();

  /// Any order, any overlap; what is skipped reads as zeros.
  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> data);

  /// Gives the file its final name. With `fsync` content and name are on the disk before it
  /// returns.
  Result<void> commit(bool fsync);

  /// The end of the last byte written.
  std::uint64_t size() const noexcept { return size_; }

 private:
  AtomicFile() = default;
  Result<void> open_directory();
  Result<void> check_target() const;
  Result<void> open_temporary();
  void discard() noexcept;
  void swap(AtomicFile& other) noexcept;

  std::string path_;       // as the caller gave it; for messages
  std::string directory_;  // of path_
  std::string name_;       // in directory_
  std::string temporary_;  // in directory_; empty: nothing to remove
  int directory_fd_ = -1;
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace clipbuf::detail
