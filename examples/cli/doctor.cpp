// clipbuf doctor: is this machine fit for it, and what to do if not.
#include "context.hpp"
#include "exit_code.hpp"
#include "json.hpp"
#include "terminal.hpp"
#include "text.hpp"

#include <clipbuf/codec/jpeg.hpp>
#include <clipbuf/codec/video.hpp>
#include <clipbuf/version.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>

namespace cli {
namespace {

namespace fs = std::filesystem;

enum class Verdict { kOk, kWarn, kFail };

struct Check {
  std::string name;
  Verdict verdict = Verdict::kOk;
  std::string detail;
  std::string hint;  // empty when there is nothing to do
};

const char* word(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kWarn:
      return "warn";
    case Verdict::kFail:
      return "fail";
  }
  return "fail";
}

Check check_ffmpeg() {
  const auto info = clipbuf::ffmpeg_info();
  Check check{"ffmpeg", Verdict::kOk, info.version + ", " + info.license, ""};
  if (!info.matches) {
    check.verdict = Verdict::kFail;
    check.detail += "; not the major version clipbuf was built for";
    check.hint = "build clipbuf again with the FFmpeg that is installed now";
  }
  return check;
}

Check check_opencv() {
  if (has_opencv()) return {"opencv", Verdict::kOk, "the opencv: source is built in", ""};
  return {"opencv", Verdict::kWarn, "no opencv: source",
          "only if you want it: build with CLIPBUF_WITH_OPENCV=ON"};
}

Check check_jpeg() {
  const std::vector<std::byte> pixels(64 * 64, std::byte{128});
  clipbuf::FrameView view;
  view.format = clipbuf::PixelFormat::kGray8;
  view.width = view.height = 64;
  view.planes[0] = pixels.data();
  view.strides[0] = 64;
  clipbuf::JpegCodec codec;
  const auto done = codec.encode(view, {.key = true},
                                 [](const clipbuf::Packet&) { return clipbuf::Result<void>(); });
  if (done) return {"jpeg", Verdict::kOk, "TurboJPEG encodes", ""};
  return {"jpeg", Verdict::kFail, done.error().message,
          "install libjpeg-turbo's library (libturbojpeg0)"};
}

Check check_encoders() {
  const auto encoders = clipbuf::probe_encoders();
  std::string working;
  bool h264 = false;
  for (const auto& encoder : encoders) {
    if (!encoder.works) continue;
    working += (working.empty() ? "" : " ") + encoder.name;
    h264 = h264 || encoder.codec == "h264";
  }
  if (h264) return {"encoders", Verdict::kOk, working, ""};
  if (!working.empty()) {
    return {"encoders", Verdict::kWarn, "no H.264; " + working,
            "browsers want H.264: install an FFmpeg with libx264 or libopenh264"};
  }
  return {"encoders", Verdict::kFail, "none works",
          "install FFmpeg's encoders (libavcodec-extra, or one with libx264)"};
}

std::vector<std::string> video_devices() {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/dev", ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("video", 0) == 0 && name.size() > 5) found.push_back(entry.path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

Check check_cameras() {
  const auto devices = video_devices();
  if (devices.empty()) {
    return {
        "cameras", Verdict::kWarn, "no /dev/video*",
        "plug one in, hand it into the container (--device), or use rtsp://, a file or pattern:"};
  }
  Check check{"cameras", Verdict::kOk, "", ""};
  for (const auto& device : devices) {
    const bool usable = may_read_and_write(device);
    check.detail += (check.detail.empty() ? "" : " ") + device + (usable ? "" : " (no permission)");
    if (!usable) {
      check.verdict = Verdict::kWarn;
      check.hint = "add yourself to the group video, and log in again";
    }
  }
  return check;
}

bool can_write_here() {
  const auto ticks = std::chrono::steady_clock::now().time_since_epoch().count();
  const fs::path path = ".clipbuf-doctor-" + std::to_string(ticks);
  const bool written = static_cast<bool>(std::ofstream(path) << "x" << std::flush);
  std::error_code ignored;
  fs::remove(path, ignored);
  return written;
}

Check check_folder() {
  constexpr std::uintmax_t kFew = 1'000'000'000;
  constexpr std::uintmax_t kTooFew = 50'000'000;
  if (!can_write_here()) {
    return {"folder", Verdict::kFail, "can't write to the current directory",
            "change to another one, or give record --out and cut -o a path elsewhere"};
  }
  std::error_code error;
  const auto space = fs::space(".", error);
  if (error)
    return {"folder", Verdict::kWarn, "writable; free space unknown: " + error.message(), ""};
  Check check{"folder", Verdict::kOk, "writable, " + bytes_text(space.available) + " free", ""};
  if (space.available < kFew) {
    check.verdict = space.available < kTooFew ? Verdict::kFail : Verdict::kWarn;
    check.hint = "make room, or write to another disk";
  }
  return check;
}

void print(Console& console, const std::vector<Check>& checks) {
  for (const Check& check : checks) {
    std::string line = word(check.verdict);
    line.resize(6, ' ');
    line += check.name;
    line.resize(std::max<std::size_t>(line.size() + 1, 16), ' ');
    console.out(line + safe_line(check.detail));
    if (!check.hint.empty()) console.out("                -> " + check.hint);
  }
}

int run_doctor(Context& context, bool json) {
  const std::vector<Check> checks{{"clipbuf", Verdict::kOk, clipbuf::version(), ""},
                                  check_ffmpeg(),
                                  check_opencv(),
                                  check_jpeg(),
                                  check_encoders(),
                                  check_cameras(),
                                  check_folder()};
  const bool fit = std::none_of(checks.begin(), checks.end(),
                                [](const Check& check) { return check.verdict == Verdict::kFail; });
  if (json) {
    Json list = Json::array();
    for (const Check& check : checks) {
      list.push_back(Json{{"name", check.name},
                          {"verdict", word(check.verdict)},
                          {"detail", check.detail},
                          {"hint", check.hint}});
    }
    context.console.out(json_line({{"ok", fit}, {"checks", std::move(list)}}));
  } else {
    print(context.console, checks);
  }
  return fit ? kOk : kFailure;
}

}  // namespace

void add_doctor(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("doctor", "Check this machine: FFmpeg, encoders, cameras, room to write");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "One JSON document on stdout");
  command->callback(
      [&context, json] { context.run = [&context, json] { return run_doctor(context, *json); }; });
}

}  // namespace cli
