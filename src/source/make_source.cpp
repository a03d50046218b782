// make_source: from the one URL syntax to a source.
#include "source/av_source.hpp"
#include "source/opencv_source.hpp"
#include "source/pattern.hpp"
#include "source/webcam.hpp"

#include <algorithm>
#include <array>

namespace clipbuf {
namespace {

using detail::AvSource;
using detail::InputKind;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool starts_with(std::string_view text, std::string_view lowered) {
  return text.size() >= lowered.size() && std::equal(lowered.begin(), lowered.end(), text.begin(),
                                                     [](char a, char b) { return a == lower(b); });
}

int hex_digit(char c) {
  c = lower(c);
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                        hex_digit(text[i + 2]) >= 0;
    if (escape) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// "file:///a%20b", "file://localhost/a", "file:a"; anything else is a path as it stands.
Result<std::string> path_of(std::string_view source) {
  if (!starts_with(source, "file:")) return std::string(source);
  source.remove_prefix(5);
  if (starts_with(source, "//localhost/")) source.remove_prefix(11);
  if (starts_with(source, "///")) source.remove_prefix(2);
  if (starts_with(source, "//")) {
    return Error{Errc::kInvalidArgument,
                 "a file URL names no host: file:///path, not file:" + redact(source)};
  }
  return percent_decoded(source);
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 4 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// "word:" at the start, of at least two characters, and no path: a scheme, whether known or not.
std::string_view scheme_of(std::string_view text) {
  const std::size_t end = text.find("://");
  if (end == std::string_view::npos || end < 2) return {};
  const bool word =
      std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), [](char c) {
        c = lower(c);
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
      });
  return word ? text.substr(0, end) : std::string_view{};
}

Result<std::unique_ptr<Source>> av_source(std::string url, InputKind kind, const Config& config) {
  if (url.find('\0') != std::string::npos) {
    return Error{Errc::kInvalidArgument, "a source's name holds a zero byte"};
  }
  return std::unique_ptr<Source>(std::make_unique<AvSource>(std::move(url), kind, config));
}

}  // namespace

Result<std::unique_ptr<Source>> make_source(const Config& config) {
  const std::string& source = config.source;
  if (source.empty()) return Error{Errc::kInvalidArgument, "no source is named"};
  if (starts_with(source, "rtsp://") || starts_with(source, "rtsps://")) {
    constexpr std::array<std::string_view, 3> kTransports{"tcp", "udp", "auto"};
    if (std::find(kTransports.begin(), kTransports.end(), config.rtsp_transport) ==
        kTransports.end()) {
      return Error{Errc::kInvalidArgument,
                   "rtsp_transport is tcp, udp or auto, not '" + config.rtsp_transport + "'"};
    }
    return av_source(source, InputKind::kRtsp, config);
  }
  if (starts_with(source, "http://") || starts_with(source, "https://")) {
    return av_source(source, InputKind::kHttp, config);
  }
  if (starts_with(source, "pattern:")) return detail::make_pattern(config);
  if (starts_with(source, "opencv:")) return detail::make_opencv_source(source.substr(7), config);
  if (is_number(source)) return detail::make_webcam("/dev/video" + source, config);
  if (starts_with(source, "/dev/")) return detail::make_webcam(source, config);
  const std::string_view scheme = scheme_of(source);
  if (!scheme.empty() && !starts_with(source, "file:")) {
    return Error{Errc::kUnsupported,
                 "no source is called '" + std::string(scheme) +
                     "://'; there are rtsp, rtsps, http, https, file, pattern: and "
                     "opencv:"};
  }
  auto path = path_of(source);
  if (!path) return std::move(path).error();
  if (path->empty()) return Error{Errc::kInvalidArgument, "no file is named"};
  return av_source(*std::move(path), InputKind::kFile, config);
}

}  // namespace clipbuf
