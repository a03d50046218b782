#include <clipbuf/clip.hpp>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <set>

using namespace clipbuf;
using namespace std::chrono_literals;

namespace {

TimeRange range_us(std::int64_t begin, std::int64_t end) {
  return {Timestamp(Duration(begin)), Timestamp(Duration(end))};
}

}  // namespace

TEST_CASE("clip report: its JSON holds every field under its documented key") {
  ClipReport report;
  report.requested = range_us(1'700'000'000'000'000, 1'700'000'010'000'000);
  report.delivered = range_us(1'700'000'001'000'001, 1'700'000'009'999'999);
  report.frames = 123;
  report.audio_packets = 456;
  report.bytes = 1ull << 40U;
  report.mode = CutMode::kKeyframe;
  report.container = Container::kMkv;
  report.lead_in = 250ms;
  report.reencoded_frames = 7;
  report.gaps = {{range_us(1, 2), GapReason::kEvicted}, {range_us(-5, -3), GapReason::kSourceLost}};
  report.placeholder = true;
  report.video_codec = "h264";
  report.audio_codec = "aac";
  report.note = "a \"note\"\nin two lines";
  report.path = "/tmp/clip \xFF.mp4";
  const std::string text = report.to_json();
  CHECK(text.find('\n') == std::string::npos);
  CHECK(nlohmann::json::parse(text) ==
        nlohmann::json{
            {"requested", {{"begin_us", 1'700'000'000'000'000}, {"end_us", 1'700'000'010'000'000}}},
            {"delivered", {{"begin_us", 1'700'000'001'000'001}, {"end_us", 1'700'000'009'999'999}}},
            {"frames", 123},
            {"audio_packets", 456},
            {"bytes", 1ull << 40U},
            {"mode", "keyframe"},
            {"container", "mkv"},
            {"lead_in_us", 250'000},
            {"reencoded_frames", 7},
            {"gaps",
             {{{"begin_us", 1}, {"end_us", 2}, {"reason", "evicted"}},
              {{"begin_us", -5}, {"end_us", -3}, {"reason", "source_lost"}}}},
            {"complete", false},
            {"placeholder", true},
            {"video_codec", "h264"},
            {"audio_codec", "aac"},
            {"note", "a \"note\"\nin two lines"},
            {"path", "/tmp/clip \xEF\xBF\xBD.mp4"}});
}

TEST_CASE("clip report: without gaps the list is empty, not missing") {
  ClipReport report;
  report.complete = true;
  const auto parsed = nlohmann::json::parse(report.to_json());
  CHECK(parsed["gaps"].is_array());
  CHECK(parsed["gaps"].empty());
  CHECK(parsed["complete"] == true);
  CHECK(parsed["mode"] == "exact");
  CHECK(parsed["container"] == "mp4");
}

TEST_CASE("clip report: every mode, container and reason has a name of its own") {
  std::set<std::string> names;
  for (int mode = 0; mode <= 2; ++mode) {
    ClipReport report;
    report.mode = static_cast<CutMode>(mode);
    names.insert(nlohmann::json::parse(report.to_json())["mode"].get<std::string>());
  }
  CHECK(names.size() == 3);
  for (int container = 0; container <= 8; ++container) {
    ClipReport report;
    report.container = static_cast<Container>(container);
    names.insert(nlohmann::json::parse(report.to_json())["container"].get<std::string>());
  }
  CHECK(names.size() == 12);
  for (int reason = 0; reason <= 5; ++reason)
    names.insert(std::string(gap_reason_name(static_cast<GapReason>(reason))));
  CHECK(names.size() == 18);
  CHECK(names.count("unknown") == 0);
  CHECK(gap_reason_name(static_cast<GapReason>(99)) == "unknown");
}
