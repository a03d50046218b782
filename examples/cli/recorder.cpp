#include "recorder.hpp"

#include "exit_code.hpp"
#include "job.hpp"
#include "status_line.hpp"
#include "text.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>

namespace cli {
namespace {

using namespace std::chrono_literals;
using clipbuf::Camera;
using clipbuf::CameraState;
using clipbuf::Duration;
using clipbuf::Errc;
using clipbuf::Error;
using clipbuf::Timestamp;

Timestamp now() {
  return clipbuf::system_clock().wall();
}

// "20261122T100000Z": sorts by time, and needs no quoting anywhere.
std::string compact_time(Timestamp timestamp) {
  const std::string text = clipbuf::to_string(timestamp);  // 2026-11-22T10:00:00.250000Z
  std::string compact;
  for (const char c : text.substr(0, text.find('.'))) {
    if (c != '-' && c != ':') compact += c;
  }
  return compact + (compact.empty() || compact.back() != 'Z' ? "Z" : "");
}

}  // namespace

Recorder::Recorder(const RecordOptions& options, Console& console)
    : options_(options), console_(console) {}

int Recorder::run() {
  // Without a terminal to show the status on there is nobody to press keys.
  InputQueue inputs(InputQueue::Keys::kRead);
  if (!open(inputs)) return exit_;
  begin_ = Steady::now();
  if (inputs.reads_keys() && console_.shows_status()) {
    console_.note("c saves the last " + duration_text(options_.last) +
                  ", r starts and stops a recording, q ends");
  }
  loop(inputs);
  wind_up(inputs);
  report_end();
  if (end_ == End::kInterrupted) return kInterrupted;
  return exit_;
}

bool Recorder::open(InputQueue& inputs) {
  std::optional<clipbuf::Result<Camera>> opened;
  run_job({.work = [&] { opened.emplace(Camera::open(options_.config)); },
           // Nothing has been kept yet, and an open can't be called off: leave at once.
           .cancel =
               [&] {
                 console_.status("");
                 InputQueue::restore_terminal();
                 std::_Exit(kInterrupted);
               },
           .tick = [&] { console_.status("opening"); }},
          inputs);
  console_.status("");
  if (!*opened) {
    fail(opened->error(), source_exit_code(opened->error().code));
    return false;
  }
  camera_.emplace(**std::move(opened));
  camera_->on_state([](CameraState) { InputQueue::wake(); });
  return true;
}

void Recorder::loop(InputQueue& inputs) {
  while (end_ == End::kNo) {
    report_state();
    check_recording();
    report_saved();
    check_time();
    if (end_ != End::kNo) return;
    draw();
    for (const Input input : inputs.wait(next_wait()))
      handle(input);
    if (console_.out_failed()) end_ = End::kTerminated;
  }
}

void Recorder::handle(Input input) {
  switch (input) {
    case Input::kSave:
      return save_clip();
    case Input::kRecord:
      return toggle_recording();
    case Input::kQuit:
      end_ = std::max(end_, End::kQuit);
      return;
    case Input::kTerminate:
      end_ = std::max(end_, End::kTerminated);
      return;
    case Input::kInterrupt:
      end_ = End::kInterrupted;
      return;
  }
}

Duration Recorder::next_wait() const {
  Duration wait = console_.shows_status() ? Duration(200ms) : Duration(1s);
  if (recording_) wait = std::min(wait, Duration(500ms));
  if (options_.run_for) {
    const auto left = std::chrono::ceil<Duration>(begin_ + *options_.run_for - Steady::now());
    wait = std::min(wait, left);
  }
  if (options_.run_until) wait = std::min(wait, Duration(*options_.run_until - now()));
  return std::max(wait, Duration{0});
}

void Recorder::check_time() {
  const bool over = options_.run_for && Steady::now() - begin_ >= *options_.run_for;
  if (over || (options_.run_until && now() >= *options_.run_until))
    end_ = std::max(end_, End::kTime);
  const CameraState state = camera_->state();
  if (state == CameraState::kEnded || state == CameraState::kClosed) {
    end_ = std::max(end_, End::kSourceEnded);
  }
}

void Recorder::save_clip() {
  // Pinned here, at once; written on the saver's thread.
  clipbuf::ClipRequest wanted;
  wanted.last = options_.last;
  auto clip = camera_->clip(wanted);
  if (!clip) return fail(clip.error(), exit_code(clip.error().code));
  const std::string path = new_path("clip", clip->requested().begin);
  saver_.add(
      "clip", [clip = *clip, path, save = options_.save] { return clip.save(path, save); },
      [clip = *clip] { clip.cancel(); });
}

void Recorder::toggle_recording() {
  if (recording_) return stop_recording();
  clipbuf::RecordingOptions wanted;
  wanted.pre_roll = options_.last;
  wanted.gaps = options_.save.gaps;
  const std::string path = new_path("recording", now() - options_.last);
  auto recording = camera_->record(path, wanted);
  if (!recording) return fail(recording.error(), exit_code(recording.error().code));
  recording_ = std::make_shared<clipbuf::Recording>(*std::move(recording));
  recording_path_ = path;
  recording_since_ = Steady::now();
  event({{"event", "recording_started"},
         {"time_us", now().time_since_epoch().count()},
         {"path", path}},
        "recording to " + path);
}

void Recorder::stop_recording() {
  if (!recording_) return;
  // Putting the file together can take a moment, and the keys should not wait for it.
  saver_.add("recording",
             [recording = std::exchange(recording_, nullptr)] { return recording->stop(); });
}

void Recorder::check_recording() {
  if (!recording_ || recording_->status().running) return;
  console_.error("the recording to " + recording_path_ + " has stopped by itself");
  stop_recording();
}

void Recorder::wind_up(InputQueue& inputs) {
  stop_recording();
  const bool by_itself = end_ == End::kTime || end_ == End::kSourceEnded;
  // Taken while the camera still runs: cut off in the middle of a group, its newest pictures would
  // lack those that are decoded after them and shown before.
  if (by_itself && options_.last_at_end) save_clip();
  wait_for_saver(inputs);
  camera_->close();
  report_state();
  report_saved();
  console_.status("");
}

// A second Ctrl-C gives the clips up; a recording is finished in any case.
void Recorder::wait_for_saver(InputQueue& inputs) {
  while (saver_.pending() > 0) {
    draw();
    for (const Input input : inputs.wait(200ms)) {
      if (input != Input::kInterrupt) continue;
      if (end_ == End::kInterrupted) saver_.cancel();
      end_ = End::kInterrupted;
    }
  }
}

void Recorder::report_state() {
  const CameraState state = camera_->state();
  if (shown_state_ == state) return;
  shown_state_ = state;
  const clipbuf::CameraStatus status = camera_->status();
  const std::string name(clipbuf::camera_state_name(state));
  Json json{{"event", "state"},
            {"time_us", now().time_since_epoch().count()},
            {"state", name},
            {"source", status.source},
            {"description", status.description}};
  json["last_error"] = status.last_error ? error_json(*status.last_error) : Json(nullptr);
  const bool troubled = state == CameraState::kReconnecting && status.last_error;
  event(json, name + ": " + (troubled ? status.last_error->message : status.description));
}

void Recorder::report_saved() {
  for (const Saver::Done& done : saver_.take_done()) {
    if (!done.report) {
      fail(done.report.error(), exit_code(done.report.error().code));
      continue;
    }
    ++saved_;
    if (options_.json) {
      console_.out(json_line(report_event(done.event, *done.report)));
      continue;
    }
    for (const std::string& line : report_text(*done.report))
      console_.out(safe_line(line));
  }
}

void Recorder::report_end() {
  const clipbuf::CameraStatus status = camera_->status();
  // A source that went away for good, not one whose end was reached.
  if (end_ == End::kSourceEnded && status.last_error &&
      status.last_error->code != Errc::kEndOfStream && exit_ == kOk) {
    exit_ = source_exit_code(status.last_error->code);
    console_.error(status.last_error->message);
  }
  if (options_.json) {
    Json json{{"event", "end"}, {"time_us", now().time_since_epoch().count()}};
    json["exit_code"] = end_ == End::kInterrupted ? static_cast<int>(kInterrupted) : exit_;
    json["saved"] = saved_;
    json["status"] = status_json(status);
    console_.out(json_line(json));
    return;
  }
  const clipbuf::BufferStatus& buffer = status.buffer;
  console_.note("ended: " + duration_text(buffer.covered_length) + " covered, " +
                bytes_text(buffer.bytes_held) + " held, " + std::to_string(buffer.in.packets) +
                " packets in, " + std::to_string(dropped_packets(buffer.dropped)) + " dropped, " +
                std::to_string(status.reconnects) + " reconnects, " + std::to_string(saved_) +
                " saved");
}

void Recorder::fail(const Error& error, int exit) {
  if (exit_ == kOk) exit_ = exit;
  if (options_.json) {
    Json json{{"event", "error"}, {"time_us", now().time_since_epoch().count()}};
    json.update(error_json(error));
    console_.out(json_line(json));
  }
  console_.error(error.message);
}

void Recorder::event(const Json& json, const std::string& text) {
  if (options_.json) console_.out(json_line(json));
  console_.note(text);
}

void Recorder::draw() {
  if (!console_.shows_status()) return;
  Activity activity;
  if (recording_)
    activity.recording = std::chrono::duration_cast<Duration>(Steady::now() - recording_since_);
  activity.saving = saver_.pending();
  console_.status(status_line(camera_->status(), activity, console_.width(), console_.colours()));
}

std::string Recorder::new_path(const char* kind, Timestamp begin) {
  const std::string stem = std::string(kind) + "-" + compact_time(begin);
  for (int copy = 1;; ++copy) {
    const std::string name = stem + (copy == 1 ? "" : "-" + std::to_string(copy)) + ".mp4";
    const std::string path = (options_.folder / name).lexically_normal().string();
    std::error_code unknown;
    if (!std::filesystem::exists(path, unknown) && taken_paths_.insert(path).second) return path;
  }
}

}  // namespace cli
