#include "json.hpp"

#include "text.hpp"

namespace cli {

using clipbuf::BufferStatus;
using clipbuf::Count;
using clipbuf::Rational;
using clipbuf::Timestamp;
using clipbuf::Track;
using clipbuf::TrackKind;

std::string json_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

namespace {

std::int64_t us(Timestamp t) {
  return t.time_since_epoch().count();
}

Json count_json(const Count& count) {
  return {{"packets", count.packets}, {"bytes", count.bytes}};
}

Json rational_json(const Rational& r) {
  return r.num == 0 ? Json(nullptr) : Json(std::to_string(r.num) + "/" + std::to_string(r.den));
}

const char* kind_name(TrackKind kind) {
  switch (kind) {
    case TrackKind::kVideo:
      return "video";
    case TrackKind::kAudio:
      return "audio";
    case TrackKind::kMetadata:
      return "metadata";
  }
  return "unknown";
}

Json buffer_json(const BufferStatus& status) {
  Json json{
      {"covered", {{"begin_us", us(status.covered.begin)}, {"end_us", us(status.covered.end)}}},
      {"covered_length_us", status.covered_length.count()},
      {"bytes_held", status.bytes_held},
      {"max_bytes", status.max_bytes},
      {"keep_us", status.keep.count()},
      {"in", count_json(status.in)},
      {"stored", count_json(status.stored)},
      {"evicted", count_json(status.evicted)},
      {"dropped",
       {{"no_key_frame", count_json(status.dropped.no_key_frame)},
        {"no_room", count_json(status.dropped.no_room)},
        {"storage_error", count_json(status.dropped.storage_error)},
        {"not_encoded", count_json(status.dropped.not_encoded)}}},
      {"frames", status.frames},
      {"segments", status.segments},
      {"runs", status.runs},
      {"runs_begun", status.runs_begun},
      {"restamped", status.restamped},
      {"clock_steps", status.clock_steps},
      {"gop_length_us", status.gop_length.count()},
      {"bit_rate", status.bit_rate},
      {"warning", status.warning}};
  Json tracks = Json::array();
  for (const Track& track : status.tracks)
    tracks.push_back(track_json(track));
  json["tracks"] = std::move(tracks);
  return json;
}

}  // namespace

Json error_json(const clipbuf::Error& error) {
  return {{"error", clipbuf::errc_name(error.code)}, {"message", error.message}};
}

Json track_json(const Track& track) {
  Json json{{"kind", kind_name(track.kind)},
            {"codec", track.codec},
            {"time_base", rational_json(track.time_base)},
            {"bit_rate", track.bit_rate}};
  if (track.kind == TrackKind::kVideo) {
    json["width"] = track.width;
    json["height"] = track.height;
    json["pixel_format"] = track.pixel_format;
    json["frame_rate"] = rational_json(track.frame_rate);
    json["sample_aspect_ratio"] = rational_json(track.sample_aspect_ratio);
  } else if (track.kind == TrackKind::kAudio) {
    json["sample_rate"] = track.sample_rate;
    json["channels"] = track.channels;
  }
  return json;
}

Json encoder_json(const clipbuf::EncoderInfo& encoder) {
  return {{"name", encoder.name},
          {"codec", encoder.codec},
          {"hardware", encoder.hardware},
          {"works", encoder.works},
          {"why_not", encoder.why_not}};
}

Json status_json(const clipbuf::CameraStatus& status) {
  Json json{{"state", clipbuf::camera_state_name(status.state)},
            {"source", status.source},
            {"description", status.description},
            {"fps_in", status.fps_in},
            {"last_packet_age_us", status.last_packet_age.count()},
            {"reconnects", status.reconnects}};
  json["last_error"] = status.last_error ? error_json(*status.last_error) : Json(nullptr);
  json["buffer"] = buffer_json(status.buffer);
  return json;
}

Json report_event(const char* event, const clipbuf::ClipReport& report) {
  Json json{{"event", event}};
  if (Json document = Json::parse(report.to_json(), nullptr, false); document.is_object()) {
    json.update(document);
  }
  return json;
}

}  // namespace cli
