// The injected log sink. Without one the library is silent; it never prints.
#pragma once

#include <clipbuf/export.hpp>

#include <functional>
#include <string_view>

namespace clipbuf {

enum class LogLevel : int { kError = 0, kWarning = 1, kInfo = 2, kDebug = 3 };

/// Takes one line, without a newline, redacted. Called from the library's threads, several at once;
/// it must not throw and must not call back into the object that logs.
using Log = std::function<void(LogLevel level, std::string_view component, std::string_view line)>;

/// Sends the log lines of the FFmpeg in this process to `log`, with credentials in URLs taken out;
/// an empty one silences them. For programs that own their process, such as a command line: FFmpeg
/// has one log callback per process, and this replaces it, for everybody who uses that FFmpeg.
/// Without it, what FFmpeg's codecs log inside clipbuf is left out, and the rest goes where the
/// host has it go. Thread word: thread-safe. `log` may still be called, from other threads, shortly
/// after it is replaced.
CLIPBUF_API void route_ffmpeg_logs(Log log);

}  // namespace clipbuf
