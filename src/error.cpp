#include <clipbuf/error.hpp>

namespace clipbuf {

std::string_view errc_name(Errc code) noexcept {
  switch (code) {
    case Errc::kInvalidArgument:
      return "invalid_argument";
    case Errc::kInvalidState:
      return "invalid_state";
    case Errc::kOutOfMemory:
      return "out_of_memory";
    case Errc::kUnsupported:
      return "unsupported";
    case Errc::kNothingInRange:
      return "nothing_in_range";
    case Errc::kCorruptData:
      return "corrupt_data";
    case Errc::kCodecFailed:
      return "codec_failed";
    case Errc::kSourceUnavailable:
      return "source_unavailable";
    case Errc::kSourceLost:
      return "source_lost";
    case Errc::kEndOfStream:
      return "end_of_stream";
    case Errc::kTimedOut:
      return "timed_out";
    case Errc::kCancelled:
      return "cancelled";
    case Errc::kStorageFull:
      return "storage_full";
    case Errc::kStorageFailed:
      return "storage_failed";
    case Errc::kInternal:
      return "internal";
  }
  return "unknown";
}

}  // namespace clipbuf
