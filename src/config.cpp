#include <clipbuf/config.hpp>

#include "detail/try.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>
#include <optional>
#include <variant>
#include <vector>

namespace clipbuf {

namespace {

// Which member an option sets; its type is the option's type.
struct Bytes {
  std::uint64_t Config::*member;
};
using Member =
    std::variant<std::string Config::*, Duration Config::*, Bytes, std::uint64_t Config::*,
                 int Config::*, double Config::*, bool Config::*>;

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

struct Option {
  std::string_view key;
  Member member;
  double least;  // durations in seconds
  double most;
  std::string_view help;
};

const auto& options() {
  static const auto table = std::to_array<Option>({
      {"source", &Config::source, 0, 0,
       "where the pictures come from, such as 0, rtsp://camera/1, clip.mp4"},
      {"keep", &Config::keep, 0, kNoLimit, "how much is kept; 0: no limit by time"},
      {"max_bytes", Bytes{&Config::max_bytes}, 0, kNoLimit,
       "hard limit on everything held, such as 512M; 0: no limit by bytes"},
      {"codec", &Config::codec, 0, 0, "auto, copy, raw, jpeg, h264, or any libavcodec encoder"},
      {"store", &Config::store, 0, 0, "where it is kept: memory"},
      {"jpeg_quality", &Config::jpeg_quality, 1, 100, "1 (smallest) to 100, of the jpeg codec"},
      {"quality", &Config::quality, 0, 51,
       "constant rate factor of video encoders, 0 (best) to 51"},
      {"bit_rate", &Config::bit_rate, 0, 1e12, "of video encoders, bits per second; 0: by quality"},
      {"preset", &Config::preset, 0, 0, "speed of video encoders that have one"},
      {"key_interval", &Config::key_interval, 0.001, 3600,
       "longest distance of key frames when encoding"},
      {"audio", &Config::audio, 0, 0, "whether audio is kept"},
      {"size", &Config::size, 0, 0,
       "picture size asked of the source, such as 640x480; empty: its choice"},
      {"fps", &Config::fps, 0, 1000, "frames per second asked of the source; 0: its choice"},
      {"pixel_format", &Config::pixel_format, 0, 0,
       "asked of a webcam: mjpeg, h264, yuyv422, ...; empty: the best"},
      {"rtsp_transport", &Config::rtsp_transport, 0, 0, "tcp, udp or auto"},
      {"realtime", &Config::realtime, 0, 0, "whether a file is played at its own speed"},
      {"loop", &Config::loop, 0, 0, "whether a file starts again at its end"},
      {"open_timeout", &Config::open_timeout, 0.001, 86400, "how long opening the source may take"},
      {"read_timeout", &Config::read_timeout, 0.001, 86400, "how long the source may be silent"},
      {"reconnect", &Config::reconnect, 0, 0, "whether a lost source is opened again"},
      {"reconnect_delay", &Config::reconnect_delay, 0, 86400,
       "the first wait before that; doubles"},
      {"reconnect_delay_max", &Config::reconnect_delay_max, 0, 86400,
       "the longest wait before that"},
      {"max_pixels", &Config::max_pixels, 1, 1e12,
       "largest picture that is decoded, width times height"},
      {"max_packet_bytes", Bytes{&Config::max_packet_bytes}, 1, kNoLimit,
       "largest packet that is taken"},
      {"max_streams", &Config::max_streams, 1, 256, "most streams of a source"},
      {"probe_bytes", Bytes{&Config::probe_bytes}, 2048, kNoLimit,
       "how much of a source is read to find out what it is"},
  });
  return table;
}

template <class... Fs>
struct Overload : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overload(Fs...) -> Overload<Fs...>;

Error bad_value(const Option& option, std::string_view value, const std::string& wanted) {
  return {Errc::kInvalidArgument, std::string(option.key) + " is \"" +
                                      std::string(value.substr(0, 64)) + "\"; it takes " + wanted};
}

std::string plain(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end.ptr};
}

std::string limits_of(const Option& option, const char* what) {
  std::string text = std::string(what) + " of at least " + plain(option.least);
  return option.most == kNoLimit ? text : text + " and at most " + plain(option.most);
}

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

constexpr std::string_view kByteUnits = "KMGT";

// "512M", "512MB", "512MiB": powers of 1024, all three.
std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = number<std::uint64_t>(text.substr(0, digits));
  std::string_view unit = text.substr(digits);
  if (!count) return std::nullopt;
  if (unit.empty() || unit == "B") return count;
  const std::size_t power = kByteUnits.find(static_cast<char>(unit.front() & ~0x20));
  unit.remove_prefix(1);
  if (power == std::string_view::npos || !(unit.empty() || unit == "B" || unit == "iB")) {
    return std::nullopt;
  }
  const unsigned shift = 10 * (static_cast<unsigned>(power) + 1);
  if (*count > std::numeric_limits<std::uint64_t>::max() >> shift) return std::nullopt;
  return *count << shift;
}

std::string bytes_text(std::uint64_t value) {
  std::size_t power = 0;
  while (value != 0 && value % 1024 == 0 && power < kByteUnits.size()) {
    value /= 1024;
    ++power;
  }
  std::string text = std::to_string(value);
  return power == 0 ? text : text + kByteUnits[power - 1];
}

std::optional<bool> parse_flag(std::string_view text) {
  for (const std::string_view yes : {"true", "1", "yes", "on"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"false", "0", "no", "off"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

bool is_size(std::string_view text) {
  const std::size_t x = text.find('x');
  if (x == std::string_view::npos) return false;
  const auto width = number<int>(text.substr(0, x));
  const auto height = number<int>(text.substr(x + 1));
  return width && height && *width > 0 && *height > 0;
}

Result<void> check_text(const Option& option, std::string_view value) {
  if (option.key == "size" && !value.empty() && !is_size(value)) {
    return bad_value(option, value, "a size such as 640x480");
  }
  if (option.key == "rtsp_transport" && value != "tcp" && value != "udp" && value != "auto") {
    return bad_value(option, value, "tcp, udp or auto");
  }
  if (option.key == "codec" && value.empty()) return bad_value(option, value, "a codec's name");
  return {};
}

template <class T>
Result<void> store_number(const Option& option, std::string_view text, T& target,
                          const char* what) {
  const auto value = number<T>(text);
  // Written so that NaN fails too.
  const bool fits = value && static_cast<double>(*value) >= option.least &&
                    static_cast<double>(*value) <= option.most;
  if (!fits) return bad_value(option, text, limits_of(option, what));
  target = *value;
  return {};
}

Result<void> store_duration(const Option& option, std::string_view text, Duration& target) {
  const auto value = parse_duration(text);
  const double seconds = value ? std::chrono::duration<double>(*value).count() : -1;
  if (!value || seconds < option.least || seconds > option.most) {
    return bad_value(option, text, limits_of(option, "a duration such as 12.4s or 5m,") + " s");
  }
  target = *value;
  return {};
}

Result<void> store_bytes(const Option& option, std::string_view text, std::uint64_t& target) {
  const auto value = parse_bytes(text);
  if (!value || static_cast<double>(*value) < option.least) {
    return bad_value(option, text, limits_of(option, "a number of bytes such as 4096 or 512M,"));
  }
  target = *value;
  return {};
}

Result<void> store_flag(const Option& option, std::string_view text, bool& target) {
  const auto value = parse_flag(text);
  if (!value) return bad_value(option, text, "true or false");
  target = *value;
  return {};
}

std::string_view type_name(const Member& member) {
  return std::visit(
      Overload{[](std::string Config::*) { return "string"; },
               [](Duration Config::*) { return "duration"; }, [](Bytes) { return "bytes"; },
               [](std::uint64_t Config::*) { return "integer"; },
               [](int Config::*) { return "integer"; }, [](double Config::*) { return "number"; },
               [](bool Config::*) { return "flag"; }},
      member);
}

std::string text_of(const Config& config, const Member& member) {
  return std::visit(
      Overload{[&](std::string Config::*text) { return config.*text; },
               [&](Duration Config::*duration) { return to_string(config.*duration); },
               [&](Bytes bytes) { return bytes_text(config.*bytes.member); },
               [&](std::uint64_t Config::*value) { return std::to_string(config.*value); },
               [&](int Config::*value) { return std::to_string(config.*value); },
               [&](double Config::*value) { return plain(config.*value); },
               [&](bool Config::*flag) { return std::string(config.*flag ? "true" : "false"); }},
      member);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

Result<const Option*> find_option(std::string_view key) {
  const std::string_view shown = key.substr(0, 64);
  const Option* nearest = nullptr;
  std::size_t distance = 0;
  for (const Option& option : options()) {
    if (option.key == key) return &option;
    const std::size_t away = edit_distance(shown, option.key);
    if (nearest == nullptr || away < distance) {
      nearest = &option;
      distance = away;
    }
  }
  return Error{Errc::kInvalidArgument, "no option \"" + std::string(shown) +
                                           "\"; the nearest is \"" + std::string(nearest->key) +
                                           "\""};
}

}  // namespace

Result<void> Config::set(std::string_view key, std::string_view value) {
  CLIPBUF_TRY_SET(const Option* option, find_option(key));
  return std::visit(
      Overload{[&](std::string Config::*text) -> Result<void> {
                 CLIPBUF_TRY(check_text(*option, value));
                 this->*text = std::string(value);
                 return {};
               },
               [&](Duration Config::*duration) {
                 return store_duration(*option, value, this->*duration);
               },
               [&](Bytes bytes) { return store_bytes(*option, value, this->*bytes.member); },
               [&](std::uint64_t Config::*integer) {
                 return store_number(*option, value, this->*integer, "a whole number");
               },
               [&](int Config::*integer) {
                 return store_number(*option, value, this->*integer, "a whole number");
               },
               [&](double Config::*real) {
                 return store_number(*option, value, this->*real, "a number");
               },
               [&](bool Config::*flag) { return store_flag(*option, value, this->*flag); }},
      option->member);
}

Result<std::string> Config::get(std::string_view key) const {
  CLIPBUF_TRY_SET(const Option* option, find_option(key));
  return text_of(*this, option->member);
}

std::span<const OptionInfo> config_options() noexcept {
  struct Table {
    std::vector<std::string> defaults;
    std::vector<OptionInfo> rows;
  };
  static const Table table = [] {
    Table built;
    const Config config;
    built.defaults.reserve(options().size());  // the rows look at them
    for (const Option& option : options()) {
      built.defaults.push_back(text_of(config, option.member));
      built.rows.push_back(
          {option.key, type_name(option.member), built.defaults.back(), option.help});
    }
    return built;
  }();
  return table.rows;
}

}  // namespace clipbuf
