#include "detail/file.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

using namespace clipbuf;
using clipbuf::detail::AtomicFile;
namespace fs = std::filesystem;

namespace {

// A fresh directory that goes away with everything in it.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string name = (fs::temp_directory_path() / "clipbuf-file-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(path_), fs::directory_iterator()));
  }

 private:
  std::string path_;
};

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Error error_of(const std::string& path) {
  auto file = AtomicFile::create(path);
  REQUIRE(!file);
  CHECK(file.error().message.find('\n') == std::string::npos);
  return file.error();
}

// Runs `body` in a child; true when it returned true. A signal that kills the child is false.
template <class F>
bool in_child(F body) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    ::_exit(body() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("atomic file: nothing stands under the final name before the commit") {
  const ScratchDirectory scratch;
  for (const bool fsync : {false, true}) {
    const std::string path = scratch / (fsync ? "synced.mp4" : "clip.mp4");
    auto file = AtomicFile::create(path);
    REQUIRE(file);
    REQUIRE(file->write_at(0, bytes("hello world")));
    REQUIRE(file->write_at(6, bytes("WORLD")));
    REQUIRE(file->write_at(15, bytes("!")));
    CHECK(file->size() == 16);
    CHECK_FALSE(fs::exists(path));
    REQUIRE(file->commit(fsync));
    CHECK(content(path) == std::string("hello WORLD\0\0\0\0!", 16));
  }
  CHECK(scratch.entries() == 2);
}

TEST_CASE("atomic file: dropped without a commit it leaves nothing, and the old file stays") {
  const ScratchDirectory scratch;
  std::ofstream(scratch / "clip.mp4") << "old";
  {
    auto file = AtomicFile::create(scratch / "clip.mp4");
    REQUIRE(file);
    REQUIRE(file->write_at(0, bytes("new")));
    CHECK(scratch.entries() == 2);
    CHECK(content(scratch / "clip.mp4") == "old");
  }
  CHECK(scratch.entries() == 1);
  CHECK(content(scratch / "clip.mp4") == "old");
  auto file = AtomicFile::create(scratch / "clip.mp4");
  REQUIRE(file);
  REQUIRE(file->write_at(0, bytes("new")));
  REQUIRE(file->commit(false));
  CHECK(content(scratch / "clip.mp4") == "new");
  CHECK(scratch.entries() == 1);
}

TEST_CASE("atomic file: moving hands the temporary file over") {
  const ScratchDirectory scratch;
  auto first = AtomicFile::create(scratch / "a");
  auto second = AtomicFile::create(scratch / "b");
  REQUIRE(first);
  REQUIRE(second);
  static_assert(std::is_nothrow_move_constructible_v<AtomicFile>);
  static_assert(std::is_nothrow_move_assignable_v<AtomicFile>);
  AtomicFile moved(std::move(*first));
  moved = std::move(*second);  // a's temporary is removed here
  CHECK(scratch.entries() == 1);
  REQUIRE(moved.commit(false));
  CHECK(fs::exists(scratch / "b"));
  CHECK_FALSE(fs::exists(scratch / "a"));
  CHECK(moved.commit(false).error().code == Errc::kInvalidState);
  CHECK(moved.write_at(0, bytes("x")).error().code == Errc::kInvalidState);
}

TEST_CASE("atomic file: two writers of one name don't disturb each other") {
  const ScratchDirectory scratch;
  auto first = AtomicFile::create(scratch / "clip.mp4");
  auto second = AtomicFile::create(scratch / "clip.mp4");
  REQUIRE(first);
  REQUIRE(second);
  REQUIRE(first->write_at(0, bytes("first")));
  REQUIRE(second->write_at(0, bytes("second")));
  REQUIRE(second->commit(false));
  REQUIRE(first->commit(false));
  CHECK(content(scratch / "clip.mp4") == "first");
  CHECK(scratch.entries() == 1);
}

TEST_CASE("atomic file: its mode is 0644 less the umask, and a name may be as long as names get") {
  const ScratchDirectory scratch;
  const std::string path = scratch / std::string(255, 'n');
  const mode_t before = ::umask(027);
  auto file = AtomicFile::create(path);
  ::umask(before);
  REQUIRE(file);
  REQUIRE(file->commit(false));
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0640);
}

TEST_CASE("atomic file: a change of the working directory doesn't send it elsewhere") {
  const ScratchDirectory scratch;
  const fs::path before = fs::current_path();
  fs::current_path(scratch.path());
  auto file = AtomicFile::create("relative.mp4");
  fs::current_path(before);
  REQUIRE(file);
  REQUIRE(file->commit(true));
  CHECK(fs::exists(scratch / "relative.mp4"));
}

TEST_CASE("atomic file: what can't be saved to is refused at once, with the path") {
  const ScratchDirectory scratch;
  fs::create_directory(scratch / "folder");
  std::ofstream(scratch / "plain") << "x";
  REQUIRE(::mkfifo((scratch / "pipe").c_str(), 0600) == 0);
  for (const char* name :
       {"missing/clip.mp4", "folder", "folder/", "folder/.", "plain/clip.mp4", "pipe"}) {
    CAPTURE(name);
    const Error error = error_of(scratch / name);
    CHECK(error.code == Errc::kStorageFailed);
    CHECK(error.message.find(scratch / name) == 0);
  }
  CHECK(error_of("/dev/full").code == Errc::kStorageFailed);
  CHECK(error_of("").code == Errc::kInvalidArgument);
  CHECK(error_of(std::string("a\0b", 3)).code == Errc::kInvalidArgument);
  CHECK(error_of(scratch / std::string(256, 'n')).code == Errc::kStorageFailed);
  CHECK(scratch.entries() == 3);
}

TEST_CASE("atomic file: a name longer than the system allows fails and leaves nothing") {
  const ScratchDirectory scratch;
  const Error error = error_of(scratch / std::string(300, 'n'));
  CHECK(error.code == Errc::kStorageFailed);
  CHECK(scratch.entries() == 0);
}

TEST_CASE("atomic file: a folder that may not be written to is a storage error") {
  if (::geteuid() == 0) {
    MESSAGE("skipped: root may write anywhere");
    return;
  }
  const ScratchDirectory scratch;
  fs::permissions(scratch.path(), fs::perms::owner_read | fs::perms::owner_exec);
  CHECK(error_of(scratch / "clip.mp4").code == Errc::kStorageFailed);
  fs::permissions(scratch.path(), fs::perms::owner_all);
}

TEST_CASE("atomic file: a full disk is kStorageFull and says how far it got") {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  if (full < 0) {
    MESSAGE("skipped: no /dev/full here");
    return;
  }
  const auto result = detail::write_fully(full, 100, bytes("hello"), "clip.mp4");
  ::close(full);
  REQUIRE(!result);
  CHECK(result.error().code == Errc::kStorageFull);
  CHECK(result.error().message.find("clip.mp4: wrote 0 of 5 bytes at 100: ") == 0);
}

TEST_CASE("atomic file: the system's errors have our codes") {
  for (const int full : {ENOSPC, EDQUOT, EFBIG})
    CHECK(detail::file_error(full, "p", "w").code == Errc::kStorageFull);
  for (const int failed : {EACCES, EROFS, ENOENT, EISDIR, EIO})
    CHECK(detail::file_error(failed, "p", "w").code == Errc::kStorageFailed);
}

TEST_CASE("atomic file: an offset past the end of all files is refused") {
  const ScratchDirectory scratch;
  auto file = AtomicFile::create(scratch / "clip.mp4");
  REQUIRE(file);
  for (const std::uint64_t offset : {~0ull, ~0ull >> 1U, ~0ull - 2})
    CHECK(file->write_at(offset, bytes("x")).error().code == Errc::kStorageFull);
  REQUIRE(file->write_at(0, {}));
  CHECK(file->size() == 0);
}

TEST_CASE("atomic file: a limit on the size of files is an error, not the end of the process") {
  const ScratchDirectory scratch;
  CHECK(in_child([&] {
    const rlimit limit{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto file = AtomicFile::create(scratch / "clip.mp4");
    const std::vector<std::byte> data(10'000);
    if (!file) return false;
    const auto result = file->write_at(0, data);
    if (result || result.error().code != Errc::kStorageFull) return false;
    if (result.error().message.find("wrote 4096 of 10000 bytes") == std::string::npos) return false;
    sigset_t pending;
    sigset_t mask;
    ::sigpending(&pending);
    ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    if (sigismember(&pending, SIGXFSZ) != 0 || sigismember(&mask, SIGXFSZ) != 0) return false;
    const auto again = file->write_at(4096, data);  // the second error is as harmless as the first
    file = AtomicFile::create(scratch / "other.mp4");
    return !again && file && file->write_at(0, std::span(data).first(4096)) && file->commit(true);
  }));
  CHECK_FALSE(fs::exists(scratch / "clip.mp4"));
  CHECK(scratch.entries() == 1);
}

TEST_CASE("atomic file: a host that waits for SIGXFSZ itself still gets it") {
  const ScratchDirectory scratch;
  CHECK(in_child([&] {
    const rlimit limit{16, 16};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGXFSZ);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    ::raise(SIGXFSZ);
    auto file = AtomicFile::create(scratch / "clip.mp4");
    if (!file || file->write_at(0, std::vector<std::byte>(17))) return false;
    const timespec no_wait{};
    return ::sigtimedwait(&set, nullptr, &no_wait) == SIGXFSZ;
  }));
}
