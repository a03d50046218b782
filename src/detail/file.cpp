#include "detail/file.hpp"

#include "detail/try.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <limits>
#include <random>
#include <system_error>
#include <utility>

namespace clipbuf::detail {
namespace {

static_assert(sizeof(off_t) == 8, "clips may exceed 2 GiB");

// Blocks SIGXFSZ on this thread while it lives. The kernel sends it to the thread that wrote, so
// whatever is pending at the end and wasn't before is ours, and is taken away. No handler of the
// host is touched.
class FileSizeSignalGuard {
 public:
  FileSizeSignalGuard() noexcept {
    sigemptyset(&signal_);
    sigaddset(&signal_, SIGXFSZ);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGXFSZ) == 1;
    blocked_ = pthread_sigmask(SIG_BLOCK, &signal_, &before_) == 0;
  }
  ~FileSizeSignalGuard() {
    if (!blocked_) return;
    const timespec no_wait{};
    if (raised_ && !was_pending_) sigtimedwait(&signal_, nullptr, &no_wait);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  FileSizeSignalGuard(const FileSizeSignalGuard&) = delete;
  FileSizeSignalGuard& operator=(const FileSizeSignalGuard&) = delete;
  void note_raised() noexcept { raised_ = true; }

 private:
  sigset_t signal_{};
  sigset_t before_{};
  bool was_pending_ = false;
  bool blocked_ = false;
  bool raised_ = false;
};

// Some file systems can't sync a file or a directory; there is nothing better to be done on them.
bool sync_or_unsupported(int fd) {
  int result = 0;
  do
    result = ::fsync(fd);
  while (result != 0 && errno == EINTR);
  return result == 0 || errno == EINVAL || errno == ENOTSUP || errno == EBADF;
}

std::string hidden_name() {
  std::random_device random;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string name = ".clipbuf-";
  for (int word = 0; word < 2; ++word) {
    const unsigned bits = random();
    for (unsigned shift = 0; shift < 32; shift += 4)
      name += kHex[(bits >> shift) & 15U];
  }
  return name + ".tmp";
}

int open_retrying(int directory_fd, const char* name, int flags, mode_t mode) {
  int fd = -1;
  do
    fd = ::openat(directory_fd, name, flags | O_CLOEXEC, mode);
  while (fd < 0 && errno == EINTR);
  return fd;
}

}  // namespace

Error file_error(int system_error, const std::string& path, const std::string& what) {
  const bool full = system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
  return {full ? Errc::kStorageFull : Errc::kStorageFailed,
          path + ": " + what + ": " + std::generic_category().message(system_error)};
}

Result<void> write_fully(int fd, std::uint64_t offset, std::span<const std::byte> data,
                         const std::string& path) {
  constexpr std::size_t kSlice = std::size_t{1} << 30U;  // the kernel writes at most 2 GiB at once
  const auto fail = [&](int error, std::size_t done) {
    return file_error(error, path,
                      "wrote " + std::to_string(done) + " of " + std::to_string(data.size()) +
                          " bytes at " + std::to_string(offset));
  };
  if (offset > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()) - data.size())
    return fail(EFBIG, 0);
  FileSizeSignalGuard guard;
  std::size_t done = 0;
  while (done < data.size()) {
    const ssize_t written = ::pwrite(fd, data.data() + done, std::min(data.size() - done, kSlice),
                                     static_cast<off_t>(offset + done));
    if (written > 0) {
      done += static_cast<std::size_t>(written);
    } else if (written == 0) {
      return fail(EIO, done);  // never seen; without this it would be a loop for ever
    } else if (errno != EINTR) {
      const int error = errno;
      if (error == EFBIG) guard.note_raised();
      return fail(error, done);
    }
  }
  return {};
}

Result<AtomicFile> AtomicFile::create(const std::string& final_path) {
  if (final_path.empty()) return Error{Errc::kInvalidArgument, "the path to save to is empty"};
  if (final_path.find('\0') != std::string::npos)
    return Error{Errc::kInvalidArgument, "the path to save to holds a zero byte"};
  AtomicFile file;
  file.path_ = final_path;
  const std::size_t slash = final_path.rfind('/');
  file.name_ = slash == std::string::npos ? final_path : final_path.substr(slash + 1);
  file.directory_ = slash == std::string::npos ? "."
                    : slash == 0               ? "/"
                                               : final_path.substr(0, slash);
  CLIPBUF_TRY(file.open_directory());
  CLIPBUF_TRY(file.check_target());
  CLIPBUF_TRY(file.open_temporary());
  return file;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept {
  swap(other);
}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  AtomicFile taken(std::move(other));
  swap(taken);
  return *this;
}

AtomicFile::~AtomicFile() {
  discard();
}

Result<void> AtomicFile::write_at(std::uint64_t offset, std::span<const std::byte> data) {
  if (fd_ < 0) return Error{Errc::kInvalidState, path_ + ": written to after it was finished"};
  CLIPBUF_TRY(write_fully(fd_, offset, data, path_));
  size_ = std::max(size_, offset + data.size());
  return {};
}

Result<void> AtomicFile::commit(bool fsync) {
  if (fd_ < 0) return Error{Errc::kInvalidState, path_ + ": finished twice"};
  if (fsync && !sync_or_unsupported(fd_)) return file_error(errno, path_, "syncing it");
  // Network file systems may tell of a full disk here and not before. The descriptor is gone either
  // way, after EINTR too.
  if (::close(std::exchange(fd_, -1)) != 0 && errno != EINTR)
    return file_error(errno, path_, "closing it");
  CLIPBUF_TRY(check_target());  // rename would replace a device that has turned up meanwhile
  if (::renameat(directory_fd_, temporary_.c_str(), directory_fd_, name_.c_str()) != 0)
    return file_error(errno, path_, "giving it its name");
  temporary_.clear();
  if (fsync && !sync_or_unsupported(directory_fd_))
    return file_error(errno, path_, "it is complete, but syncing its directory failed");
  return {};
}

Result<void> AtomicFile::open_directory() {
  directory_fd_ = open_retrying(AT_FDCWD, directory_.c_str(), O_RDONLY | O_DIRECTORY, 0);
  // Files may be made in a directory that may not be listed; only syncing it is not possible then.
  if (directory_fd_ < 0 && errno == EACCES)
    directory_fd_ = open_retrying(AT_FDCWD, directory_.c_str(), O_PATH | O_DIRECTORY, 0);
  if (directory_fd_ < 0) return file_error(errno, path_, "the directory " + directory_);
  return {};
}

Result<void> AtomicFile::check_target() const {
  if (name_.empty() || name_ == "." || name_ == "..")
    return file_error(EISDIR, path_, "saving to it");
  struct stat info {};
  if (::fstatat(directory_fd_, name_.c_str(), &info, 0) != 0) {
    // Nothing there, as a rule. A name that is too long would fail only after all the work, at the
    // rename.
    return errno == ENAMETOOLONG ? Result<void>(file_error(errno, path_, "saving to it"))
                                 : Result<void>();
  }
  if (S_ISDIR(info.st_mode)) return file_error(EISDIR, path_, "saving to it");
  if (!S_ISREG(info.st_mode))
    return Error{Errc::kStorageFailed,
                 path_ + ": saving to it: it is there and is no regular file"};
  return {};
}

Result<void> AtomicFile::open_temporary() {
  constexpr int kAttempts = 16;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const std::string name = hidden_name();
    fd_ =
        open_retrying(directory_fd_, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
    if (fd_ >= 0) {
      temporary_ = name;
      return {};
    }
    if (errno != EEXIST) break;
  }
  return file_error(errno, path_, "creating a file in " + directory_);
}

void AtomicFile::discard() noexcept {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlinkat(directory_fd_, temporary_.c_str(), 0);
  if (directory_fd_ >= 0) ::close(directory_fd_);
}

void AtomicFile::swap(AtomicFile& other) noexcept {
  path_.swap(other.path_);
  directory_.swap(other.directory_);
  name_.swap(other.name_);
  temporary_.swap(other.temporary_);
  std::swap(directory_fd_, other.directory_fd_);
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
}

}  // namespace clipbuf::detail
