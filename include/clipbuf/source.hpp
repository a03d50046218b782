// Source: where packets or frames come from.
#pragma once

#include <clipbuf/config.hpp>
#include <clipbuf/packet.hpp>

#include <memory>
#include <variant>
#include <vector>

namespace clipbuf {

/// What a source turned out to be.
struct SourceInfo {
  std::vector<Track> tracks;  ///< of its packets; empty: it delivers frames
  bool live = false;          ///< its end is a fault, and time passes without us
  std::string
      description;  ///< one line, redacted: "rtsp://cam/1: h264 1280x720 25 fps, aac 48000 Hz"
};

/// The tracks are others from the next item on: new parameter sets, or another picture size.
struct TracksChanged {
  std::vector<Track> tracks;  ///< all of them, in place of SourceInfo::tracks
};

/// A packet (its `track` is the index into SourceInfo::tracks), a frame with its timestamp, or the
/// news that the tracks changed.
using SourceItem = std::variant<Packet, Frame, TracksChanged>;

/// Where frames or packets come from. The URL syntax, one for everything:
///
///     0  /dev/video2          a webcam (V4L2); MJPEG and H.264 come as packets
///     rtsp://  rtsps://       a network camera
///     http://  https://       MJPEG, MPEG-TS, MP4 or Matroska over HTTP
///     clip.mp4  file:///...   a file; options realtime, loop
///     pattern:                a test picture with frame number and clock; options size, fps
///     opencv:URL              whatever cv::VideoCapture opens, as frames
///
/// Thread word: bound, but for cancel(), which is thread-safe.
class CLIPBUF_API Source {
 public:
  virtual ~Source() = default;

  /// Opens it, within config.open_timeout. Errors: kSourceUnavailable, kTimedOut, kUnsupported,
  /// kCancelled; the message is redacted.
  virtual Result<SourceInfo> open() = 0;

  /// The next item, within config.read_timeout. Errors: kEndOfStream (a finite source is done),
  /// kSourceLost, kTimedOut, kCancelled.
  virtual Result<SourceItem> read() = 0;

  /// Whatever blocks in open() or read(), now or later, returns kCancelled within a second.
  virtual void cancel() noexcept = 0;
};

/// The source that config.source names, not opened yet. Errors: kInvalidArgument, kUnsupported.
CLIPBUF_API Result<std::unique_ptr<Source>> make_source(const Config& config);

/// `url` without user, password and secret query values; safe to show.
CLIPBUF_API std::string redact(std::string_view url);

}  // namespace clipbuf
