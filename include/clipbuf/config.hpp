// Config: everything that can be chosen at run time, and the one table that describes it.
#pragma once

#include <clipbuf/log.hpp>
#include <clipbuf/time.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace clipbuf {

/// What a Buffer and a Camera can be told. A plain struct for C++ (designated initializers), and a
/// set of key=value strings for everybody else: set() and get() go through config_options().
struct Config {
  std::string source;  ///< see source.hpp; for a Camera only

  // what is kept
  Duration keep = std::chrono::minutes(5);
  std::uint64_t max_bytes = 512ull << 20;
  std::string codec = "auto";  ///< auto, copy, raw, jpeg, h264, or any libavcodec encoder
  std::string store = "memory";
  int jpeg_quality = 85;
  int quality = 23;            ///< of video encoders: constant rate factor
  std::uint64_t bit_rate = 0;  ///< of video encoders, bits per second; 0: by quality
  std::string preset = "veryfast";
  Duration key_interval = std::chrono::seconds(1);
  bool audio = true;

  // how the source is opened
  std::string size;                    ///< "640x480"; empty: the source's choice
  double fps = 0;                      ///< 0: the source's choice
  std::string pixel_format;            ///< webcam: "mjpeg", "h264", "yuyv422", ...; empty: best
  std::string rtsp_transport = "tcp";  ///< tcp, udp, auto
  bool realtime = false;               ///< a file is played at its own speed
  bool loop = false;                   ///< a file starts again at its end
  Duration open_timeout = std::chrono::seconds(10);
  Duration read_timeout = std::chrono::seconds(10);
  bool reconnect = true;
  Duration reconnect_delay = std::chrono::milliseconds(500);  ///< the first wait; doubles
  Duration reconnect_delay_max = std::chrono::seconds(10);

  // limits on what a hostile source can cost
  std::uint64_t max_pixels = 8192ull * 8192;
  std::uint64_t max_packet_bytes = 64ull << 20;
  std::uint64_t max_streams = 16;
  std::uint64_t probe_bytes = 5ull << 20;

  Log log;  ///< not settable by text

  /// Sets one option from text. Errors: kInvalidArgument (no such key, with the nearest one named;
  /// not a value of its type; out of its limits, with the limits).
  CLIPBUF_API Result<void> set(std::string_view key, std::string_view value);

  /// An option's value as text. Errors: kInvalidArgument.
  CLIPBUF_API Result<std::string> get(std::string_view key) const;
};

/// One row of the table: what the command line, the C interface and the documentation show.
struct OptionInfo {
  std::string_view key;            ///< "keep"
  std::string_view type;           ///< "duration", "bytes", "string", "integer", "number", "flag"
  std::string_view default_value;  ///< as set() reads it
  std::string_view help;           ///< one line
};

/// All options, in the order of Config.
CLIPBUF_API std::span<const OptionInfo> config_options() noexcept;

}  // namespace clipbuf
