#include "detail/json.hpp"

#include <clipbuf/clip.hpp>

namespace clipbuf {
namespace {

using detail::JsonWriter;

std::string_view mode_name(CutMode mode) {
  switch (mode) {
    case CutMode::kExact:
      return "exact";
    case CutMode::kKeyframe:
      return "keyframe";
    case CutMode::kReencode:
      return "reencode";
  }
  return "unknown";
}

std::string_view container_name(Container container) {
  switch (container) {
    case Container::kAuto:
      return "auto";
    case Container::kMp4:
      return "mp4";
    case Container::kMov:
      return "mov";
    case Container::kMkv:
      return "mkv";
    case Container::kMpegTs:
      return "mpegts";
    case Container::kFragmentedMp4:
      return "fmp4";
    case Container::kWebm:
      return "webm";
    case Container::kGif:
      return "gif";
    case Container::kJpeg:
      return "jpeg";
  }
  return "unknown";
}

void write_bounds(JsonWriter& json, const TimeRange& range) {
  json.field("begin_us", range.begin.time_since_epoch().count())
      .field("end_us", range.end.time_since_epoch().count());
}

void write_range(JsonWriter& json, std::string_view key, const TimeRange& range) {
  json.key(key).begin_object();
  write_bounds(json, range);
  json.end_object();
}

void write_gaps(JsonWriter& json, const std::vector<Gap>& gaps) {
  json.key("gaps").begin_array();
  for (const Gap& gap : gaps) {
    json.begin_object();
    write_bounds(json, gap.range);
    json.field("reason", gap_reason_name(gap.reason)).end_object();
  }
  json.end_array();
}

}  // namespace

std::string_view gap_reason_name(GapReason reason) noexcept {
  switch (reason) {
    case GapReason::kEvicted:
      return "evicted";
    case GapReason::kNotRecordedYet:
      return "not_recorded_yet";
    case GapReason::kNotRecorded:
      return "not_recorded";
    case GapReason::kSourceLost:
      return "source_lost";
    case GapReason::kDropped:
      return "dropped";
    case GapReason::kClockStep:
      return "clock_step";
  }
  return "unknown";
}

std::string ClipReport::to_json() const {
  JsonWriter json;
  json.begin_object();
  write_range(json, "requested", requested);
  write_range(json, "delivered", delivered);
  json.field("frames", frames)
      .field("audio_packets", audio_packets)
      .field("bytes", bytes)
      .field("mode", mode_name(mode))
      .field("container", container_name(container))
      .field("lead_in_us", lead_in.count())
      .field("reencoded_frames", reencoded_frames);
  write_gaps(json, gaps);
  json.field("complete", complete)
      .field("placeholder", placeholder)
      .field("video_codec", video_codec)
      .field("audio_codec", audio_codec)
      .field("note", note)
      .field("path", path)
      .end_object();
  return std::move(json).take();
}

}  // namespace clipbuf
