// The program's JSON documents; times are integers in microseconds named *_us.
#pragma once

#include <clipbuf/camera.hpp>
#include <clipbuf/codec/video.hpp>

#include <nlohmann/json.hpp>

namespace cli {

using Json = nlohmann::ordered_json;

/// One line; bytes that are not UTF-8 (a file name may hold any) are replaced.
std::string json_line(const Json& json);

Json error_json(const clipbuf::Error& error);
Json track_json(const clipbuf::Track& track);
Json encoder_json(const clipbuf::EncoderInfo& encoder);
Json status_json(const clipbuf::CameraStatus& status);

/// The library's own document with {"event": event} in front.
Json report_event(const char* event, const clipbuf::ClipReport& report);

}  // namespace cli
