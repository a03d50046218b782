#include "text.hpp"

#include <array>
#include <cmath>
#include <cstdio>

namespace cli {

using clipbuf::ClipReport;
using clipbuf::CutMode;
using clipbuf::Duration;

std::string number_text(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array kUnits{"kB", "MB", "GB", "TB"};
  if (bytes < 1000) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return number_text(value, 1) + " " + kUnits[unit];
}

std::string duration_text(Duration duration) {
  using namespace std::chrono_literals;
  if (duration < 1s && duration > -1s) {
    return clipbuf::to_string(std::chrono::round<std::chrono::milliseconds>(duration));
  }
  const auto tenths = std::chrono::round<std::chrono::duration<std::int64_t, std::deci>>(duration);
  return clipbuf::to_string(Duration(tenths));
}

std::uint64_t dropped_packets(const clipbuf::DropCounts& dropped) {
  return dropped.no_key_frame.packets + dropped.no_room.packets + dropped.storage_error.packets +
         dropped.not_encoded.packets;
}

namespace {

std::string mode_text(const ClipReport& report) {
  switch (report.mode) {
    case CutMode::kExact:
      return report.lead_in > Duration{0}
                 ? "exact, " + duration_text(report.lead_in) + " hidden before it"
                 : "exact";
    case CutMode::kKeyframe:
      return "from the key frame, " + duration_text(report.lead_in) + " before the range shown";
    case CutMode::kReencode:
      return "re-encoded";
  }
  return "";
}

}  // namespace

std::vector<std::string> report_text(const ClipReport& report) {
  std::vector<std::string> lines;
  std::string codecs = report.video_codec;
  if (!report.audio_codec.empty()) codecs += (codecs.empty() ? "" : " + ") + report.audio_codec;
  lines.push_back((report.path.empty() ? std::string("clip") : report.path) + ": " +
                  duration_text(report.delivered.length()) + ", " + std::to_string(report.frames) +
                  " frames, " + bytes_text(report.bytes) + (codecs.empty() ? "" : ", " + codecs));
  lines.push_back("  cut: " + mode_text(report) + "; " + std::to_string(report.reencoded_frames) +
                  " frames re-encoded");
  if (report.placeholder) lines.emplace_back("  a placeholder: nothing was recorded in this range");
  if (report.complete) {
    lines.emplace_back("  complete: all of the " + duration_text(report.requested.length()) +
                       " asked for");
  }
  for (const clipbuf::Gap& gap : report.gaps) {
    lines.push_back("  missing: " + duration_text(gap.range.length()) + " from " +
                    duration_text(gap.range.begin - report.requested.begin) + " on (" +
                    std::string(clipbuf::gap_reason_name(gap.reason)) + ")");
  }
  if (!report.note.empty()) lines.push_back("  note: " + report.note);
  return lines;
}

}  // namespace cli
