#include "exit_code.hpp"

#include <array>

namespace cli {
namespace {

using clipbuf::Errc;

struct Row {
  Errc code;
  int exit;
};

// The one table; what is not in it is a plain failure.
constexpr std::array kTable{
    Row{Errc::kInvalidArgument, kUsage},
    Row{Errc::kNothingInRange, kNothingInRange},
    Row{Errc::kSourceUnavailable, kSourceUnavailable},
    Row{Errc::kSourceLost, kSourceUnavailable},
    Row{Errc::kEndOfStream, kSourceUnavailable},
    Row{Errc::kTimedOut, kSourceUnavailable},
    Row{Errc::kCancelled, kInterrupted},
    Row{Errc::kStorageFull, kStorageError},
    Row{Errc::kStorageFailed, kStorageError},
};

}  // namespace

const char* const kExitCodeHelp =
    "Exit codes: 0 ok, 1 failure, 2 usage, 3 nothing in range, 4 source unavailable, 5 storage "
    "error, "
    "130 interrupted.";

int exit_code(Errc code) noexcept {
  for (const Row& row : kTable) {
    if (row.code == code) return row.exit;
  }
  return kFailure;
}

int source_exit_code(Errc code) noexcept {
  const bool bad_data =
      code == Errc::kCorruptData || code == Errc::kUnsupported || code == Errc::kCodecFailed;
  return bad_data ? kSourceUnavailable : exit_code(code);
}

}  // namespace cli
