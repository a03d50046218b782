// Recorder: what `clipbuf record` does while it runs.
#pragma once

#include "console.hpp"
#include "json.hpp"
#include "saver.hpp"
#include "terminal.hpp"

#include <clipbuf/camera.hpp>

#include <chrono>
#include <filesystem>
#include <optional>
#include <set>
#include <string>

namespace cli {

struct RecordOptions {
  clipbuf::Config config;
  std::optional<clipbuf::Duration> run_for;     ///< --for
  std::optional<clipbuf::Timestamp> run_until;  ///< --until
  clipbuf::Duration last = std::chrono::seconds(30);
  bool last_at_end = false;  ///< --last was given
  std::filesystem::path folder = ".";
  clipbuf::SaveOptions save;
  bool json = false;
};

/// Keeps a camera, and saves of it what is asked for by key and signal. Thread word: bound.
class Recorder {
 public:
  Recorder(const RecordOptions& options, Console& console);

  /// Until the end of it; returns the exit code.
  int run();

 private:
  enum class End { kNo, kTime, kSourceEnded, kQuit, kTerminated, kInterrupted };
  using Steady = std::chrono::steady_clock;

  bool open(InputQueue& inputs);
  void loop(InputQueue& inputs);
  void wind_up(InputQueue& inputs);
  void wait_for_saver(InputQueue& inputs);
  void handle(Input input);
  clipbuf::Duration next_wait() const;
  void check_time();
  void save_clip();
  void toggle_recording();
  void stop_recording();
  void check_recording();
  void report_state();
  void report_saved();
  void report_end();
  void fail(const clipbuf::Error& error, int exit);
  void event(const Json& json, const std::string& text);
  void draw();
  std::string new_path(const char* kind, clipbuf::Timestamp begin);

  const RecordOptions& options_;
  Console& console_;
  std::optional<clipbuf::Camera> camera_;
  std::shared_ptr<clipbuf::Recording> recording_;
  std::string recording_path_;
  Steady::time_point recording_since_;
  Steady::time_point begin_;
  std::optional<clipbuf::CameraState> shown_state_;
  std::set<std::string> taken_paths_;
  End end_ = End::kNo;
  int exit_ = 0;
  std::size_t saved_ = 0;
  Saver saver_;  // last: its thread ends first
};

}  // namespace cli
