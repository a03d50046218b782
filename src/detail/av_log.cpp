#include "detail/av_log.hpp"

#include "detail/mutex.hpp"

#include <clipbuf/log.hpp>
#include <clipbuf/source.hpp>

#include <cstdarg>
#include <cstdio>
#include <memory>
#include <string>

namespace clipbuf {
namespace {

struct Route {
  detail::Mutex mutex;
  std::shared_ptr<const Log> log CLIPBUF_GUARDED_BY(mutex);
};

// Never destroyed: FFmpeg's threads may log while the process ends.
Route& route() {
  static Route* const instance = std::make_unique<Route>().release();
  return *instance;
}

LogLevel level_from_av(int level) noexcept {
  if (level <= AV_LOG_ERROR) return LogLevel::kError;
  if (level <= AV_LOG_WARNING) return LogLevel::kWarning;
  return level <= AV_LOG_INFO ? LogLevel::kInfo : LogLevel::kDebug;
}

std::string component_of(void* context) {
  const AVClass* type = context == nullptr ? nullptr : *static_cast<AVClass**>(context);
  return type == nullptr ? "ffmpeg" : std::string("ffmpeg/") + type->item_name(context);
}

/// The whole text: cut in the middle, a URL would no longer be known as one, and its password show.
std::string text_of(const char* format, std::va_list arguments) {
  std::va_list again;
  va_copy(again, arguments);
  const int length = std::vsnprintf(nullptr, 0, format, again);
  va_end(again);
  if (length <= 0 || length > (1 << 20)) return {};
  std::string text(static_cast<std::size_t>(length) + 1, '\0');
  std::vsnprintf(text.data(), text.size(), format, arguments);
  text.pop_back();
  return text;
}

void forward(void* context, int level, const char* format, std::va_list arguments) {
  std::shared_ptr<const Log> log;
  {
    const detail::MutexLock lock(route().mutex);
    log = route().log;
  }
  if (level >= detail::kQuietLogOffset) level -= detail::kQuietLogOffset;
  if (log == nullptr || level > av_log_get_level()) return;
  std::string line = redact(text_of(format, arguments));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r'))
    line.pop_back();
  if (!line.empty()) (*log)(level_from_av(level), component_of(context), line);
}

/// FFmpeg is C: nothing may be thrown through it.
void callback(void* context, int level, const char* format, std::va_list arguments) noexcept {
  try {
    forward(context, level & 0xff, format, arguments);
  } catch (...) {  // NOLINT(bugprone-empty-catch): a line that can't be logged is lost
  }
}

}  // namespace

void route_ffmpeg_logs(Log log) {
  {
    const detail::MutexLock lock(route().mutex);
    route().log = log ? std::make_shared<const Log>(std::move(log)) : nullptr;
  }
  av_log_set_callback(callback);
}

}  // namespace clipbuf
