// What the program's exit code says.
#pragma once

#include <clipbuf/error.hpp>

namespace cli {

enum ExitCode : int {
  kOk = 0,
  kFailure = 1,
  kUsage = 2,
  kNothingInRange = 3,
  kSourceUnavailable = 4,
  kStorageError = 5,
  kInterrupted = 130,
};

/// The exit code for an error of the library.
int exit_code(clipbuf::Errc code) noexcept;

/// The same for an error of opening or reading a source: what else says "failure" means there that
/// the source is no good.
int source_exit_code(clipbuf::Errc code) noexcept;

/// One paragraph for --help.
extern const char* const kExitCodeHelp;

}  // namespace cli
