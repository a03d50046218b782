// AvInput: an opened libavformat input that can't hang, can't open anything else, and can't eat
// memory.
#pragma once

#include "detail/av_ptr.hpp"
#include "detail/interrupt.hpp"

#include <clipbuf/config.hpp>

#include <memory>
#include <string>

namespace clipbuf::detail {

/// What may be opened depends on where it comes from.
enum class InputKind : std::int32_t { kFile = 0, kHttp = 1, kRtsp = 2 };

/// A libavformat input. Every blocking call obeys the interrupt given at open. Thread word: bound,
/// but the thread may change between calls.
class AvInput {
 public:
  /// Opens `url` (for kFile: a path) and finds out what is in it, within config.open_timeout.
  static Result<std::unique_ptr<AvInput>> open(std::string url, InputKind kind,
                                               const Config& config,
                                               std::shared_ptr<Interrupt> interrupt);
  AvInput(const AvInput&) = delete;
  AvInput& operator=(const AvInput&) = delete;
  ~AvInput();

  /// av_read_frame, within the interrupt's deadline and the byte budget of one packet.
  int read(AVPacket& packet);

  AVFormatContext& context() noexcept { return *context_; }

  /// The end is a fault: nobody said how long it is.
  bool live() const noexcept { return live_; }

  /// The error that an FFmpeg code means here, in the light of deadline and cancellation.
  Error error_of(int code, Errc fallback) const;

 private:
  AvInput(std::string url, InputKind kind, const Config& config,
          std::shared_ptr<Interrupt> interrupt);
  Result<void> open_io();
  Result<const AVInputFormat*> probe_format();
  Result<void> open_format();
  Result<void> find_streams();
  Result<void> check_streams() const;
  Error open_error(int code) const;
  void set_limits();

  static int on_interrupt(void* self) noexcept;
  static int on_read(void* self, std::uint8_t* data, int size) noexcept;
  static std::int64_t on_seek(void* self, std::int64_t offset, int whence) noexcept;

  struct IoCloser {
    void operator()(AVIOContext* p) const noexcept { avio_closep(&p); }
  };

  const std::string url_;
  const InputKind kind_;
  const Config config_;
  const std::shared_ptr<Interrupt> interrupt_;
  bool closing_ = false;
  bool live_ = false;
  std::int64_t byte_budget_ = 0;  // what the call that runs may still read
  std::unique_ptr<AVIOContext, IoCloser> raw_io_;
  AvIoPtr io_;
  AvInputPtr context_;  // last: closed first, while the others still are
};

}  // namespace clipbuf::detail
