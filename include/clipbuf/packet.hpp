// Coded units and the elementary streams they belong to.
#pragma once

#include <clipbuf/frame.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace clipbuf {

/// A fraction, den > 0. A time base of 1/90000 means: one tick lasts 1/90000 s.
struct Rational {
  std::int64_t num = 0;
  std::int64_t den = 1;
  friend bool operator==(const Rational&, const Rational&) = default;
};

/// A pts, dts or duration that isn't known.
inline constexpr std::int64_t kNoTicks = std::numeric_limits<std::int64_t>::min();

enum class TrackKind : std::int32_t { kVideo = 0, kAudio = 1, kMetadata = 2 };

/// One elementary stream: what a decoder or a container must know beside the packets. It lives
/// outside the ring, so no eviction can take the parameter sets away. Names and numbers are
/// FFmpeg's and ISO/IEC 23091's. Unknown numbers are 0. Thread word: compatible.
struct Track {
  TrackKind kind = TrackKind::kVideo;
  std::string codec;  ///< "h264", "hevc", "mjpeg", "rawvideo", "aac", "pcm_s16le", ...
  Rational time_base{1, 1'000'000};  ///< of every pts, dts and duration of this track, in seconds
  std::vector<std::byte> extradata;  ///< parameter sets in the form the source gave them
  std::uint32_t codec_tag = 0;
  int profile = -99;  ///< -99 unknown, as in FFmpeg
  int level = -99;
  std::int64_t bit_rate = 0;  ///< bits per second
  int bits_per_coded_sample = 0;

  // video
  int width = 0;             ///< pixels
  int height = 0;            ///< pixels
  std::string pixel_format;  ///< FFmpeg's name: "yuv420p", "yuv444p10le", ...
  Rational sample_aspect_ratio{0, 1};
  Rational frame_rate{0, 1};  ///< nominal frames per second; only a hint
  ColorRange color_range = ColorRange::kUnspecified;
  int color_primaries = 2;  ///< 2 is "unspecified" in ISO/IEC 23091-2
  int color_transfer = 2;
  int color_matrix = 2;
  int chroma_location = 0;
  int field_order = 0;
  int reorder_depth = 0;  ///< frames by which decoding order may differ from presentation
  std::array<std::int32_t, 9>
      display_matrix{};  ///< 16.16 / 2.30 fixed point as in MP4; all 0: none

  // audio
  int sample_rate = 0;  ///< samples per second
  int channels = 0;
  std::uint64_t channel_mask = 0;  ///< FFmpeg's AV_CH_* bits; 0: default for that many channels
  std::string sample_format;       ///< FFmpeg's name; may be empty
  int frame_size = 0;              ///< samples per packet, 0: varying
  int block_align = 0;
  int initial_padding = 0;  ///< samples of priming
  int seek_preroll = 0;     ///< samples to decode before the first right one

  friend bool operator==(const Track&, const Track&) = default;
};

/// Which track of a buffer; what Buffer::add_track returned.
using TrackId = std::uint16_t;

/// One coded unit of one track: a coded picture, or one audio frame. Its bytes belong to `owner`;
/// where `owner` is empty they belong to somebody else and are valid for the call only.
/// Ticks count the track's time base. Thread word: compatible.
struct Packet {
  TrackId track = 0;
  bool key = false;     ///< decoding can start here (what FFmpeg's KEY flag says)
  bool hidden = false;  ///< decoded but never shown: an edit list of its source says so
  std::uint16_t recovery =
      0;  ///< of a key: pictures still wrong after starting here (intra refresh)
  std::int64_t pts = kNoTicks;
  std::int64_t dts = kNoTicks;  ///< kNoTicks: same as pts
  std::int64_t duration = 0;    ///< 0: not known, taken from the next packet
  std::span<const std::byte> data;
  std::shared_ptr<const void> owner;
  std::optional<Duration> arrival;  ///< the steady clock when it came in; empty: not a live packet
};

/// Converts ticks to microseconds and back, rounding to nearest. Saturates; never overflows.
CLIPBUF_API Duration to_duration(std::int64_t ticks, Rational time_base) noexcept;
CLIPBUF_API std::int64_t to_ticks(Duration duration, Rational time_base) noexcept;

}  // namespace clipbuf
