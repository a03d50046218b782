// The injected log sink. Without one the library is silent; it never prints.
#pragma once

#include <functional>
#include <string_view>

namespace clipbuf {

enum class LogLevel : int { kError = 0, kWarning = 1, kInfo = 2, kDebug = 3 };

/// Takes one line, without a newline, redacted. Called from the library's threads, several at once;
/// it must not throw and must not call back into the object that logs.
using Log = std::function<void(LogLevel level, std::string_view component, std::string_view line)>;

}  // namespace clipbuf
