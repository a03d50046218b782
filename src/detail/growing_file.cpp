#include "detail/growing_file.hpp"

#include "detail/file.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>

namespace clipbuf::detail {

Result<std::unique_ptr<GrowingFile>> GrowingFile::create(const std::string& path) {
  std::unique_ptr<GrowingFile> file(new GrowingFile);
  file->path_ = path;
  file->fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file->fd_ < 0) return file_error(errno, path, "can't be created");
  return file;
}

GrowingFile::~GrowingFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> GrowingFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  return write_fully(fd_, offset, bytes, path_);
}

void GrowingFile::remove() noexcept {
  ::unlink(path_.c_str());
}

}  // namespace clipbuf::detail
