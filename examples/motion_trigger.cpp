// Motion starts a recording that begins some seconds earlier and ends some seconds after the last
// motion.
//
//     motion_trigger SOURCE [--for DURATION] [--out FOLDER]
//
// SOURCE is a webcam's number, an rtsp:// URL, a file (played at its own speed), or "pattern:".
#include <clipbuf/clipbuf.hpp>
#include <clipbuf/opencv.hpp>

#include <opencv2/imgproc.hpp>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <thread>

namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr clipbuf::Duration kPreRoll = 3s;
constexpr clipbuf::Duration kPostRoll = 2s;
constexpr clipbuf::Duration kLook = 200ms;  // between two looks at the newest frame
constexpr double kMovedPart = 0.002;        // of the picture, to count as motion

volatile std::sig_atomic_t g_interrupted = 0;
void on_interrupt(int) {
  g_interrupted = 1;
}

// Compares each picture with a slowly following average of those before it.
class MotionDetector {
 public:
  bool moved(const clipbuf::Frame& frame) {
    cv::Mat small;
    cv::resize(clipbuf::mat_of(frame), small, cv::Size(160, 120), 0, 0, cv::INTER_AREA);
    cv::GaussianBlur(small, small, cv::Size(5, 5), 0);
    if (average_.empty()) small.convertTo(average_, CV_32F);
    cv::Mat background;
    cv::Mat difference;
    average_.convertTo(background, CV_8U);
    cv::absdiff(small, background, difference);
    cv::accumulateWeighted(small, average_, 0.1);
    return cv::countNonZero(difference > 20) > kMovedPart * small.rows * small.cols;
  }

 private:
  cv::Mat average_;
};

struct Arguments {
  clipbuf::Config config;
  std::optional<clipbuf::Duration> run_for;
  std::string folder = ".";
};

std::optional<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  if (argc < 2 || argc % 2 != 0) return std::nullopt;
  arguments.config.source = argv[1];
  arguments.config.realtime = true;
  for (int i = 2; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--out") == 0) {
      arguments.folder = argv[i + 1];
    } else if (std::strcmp(argv[i], "--for") == 0) {
      auto duration = clipbuf::parse_duration(argv[i + 1]);
      if (!duration) return std::nullopt;
      arguments.run_for = *duration;
    } else {
      return std::nullopt;
    }
  }
  return arguments;
}

// Recordings that motion starts and stillness ends. Returns how many there were, or -1 after a
// failure.
class Trigger {
 public:
  Trigger(const clipbuf::Camera& camera, std::string folder)
      : camera_(camera), folder_(std::move(folder)) {}

  bool look() {
    const clipbuf::Timestamp newest = camera_.status().buffer.covered.end;
    auto frame = camera_.buffer().frame_at(newest, clipbuf::PixelFormat::kGray8);
    if (frame && detector_.moved(*frame)) {
      last_motion_ = Steady::now();
      if (!recording_) return start();
    }
    if (recording_ && Steady::now() - last_motion_ >= kPostRoll) return stop();
    return true;
  }

  bool start() {
    clipbuf::RecordingOptions options;
    options.pre_roll = kPreRoll;
    const std::string path = folder_ + "/motion-" + std::to_string(++count_) + ".mp4";
    auto recording = camera_.record(path, options);
    if (!recording) return fail(recording.error());
    recording_.emplace(*std::move(recording));
    std::printf("motion: recording to %s\n", path.c_str());
    return true;
  }

  bool stop() {
    if (!recording_) return true;
    auto report = recording_->stop();
    recording_.reset();
    if (!report) return fail(report.error());
    std::puts(report->to_json().c_str());
    return true;
  }

  int count() const { return count_; }

 private:
  static bool fail(const clipbuf::Error& error) {
    std::fprintf(stderr, "motion_trigger: %s\n", error.message.c_str());
    return false;
  }

  const clipbuf::Camera& camera_;
  const std::string folder_;
  MotionDetector detector_;
  std::optional<clipbuf::Recording> recording_;
  Steady::time_point last_motion_;
  int count_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = parse(argc, argv);
  if (!arguments) {
    std::fputs("usage: motion_trigger SOURCE [--for DURATION] [--out FOLDER]\n", stderr);
    return 2;
  }
  std::signal(SIGINT, on_interrupt);
  auto camera = clipbuf::Camera::open(arguments->config);
  if (!camera) {
    std::fprintf(stderr, "motion_trigger: %s\n", camera.error().message.c_str());
    return 1;
  }

  Trigger trigger(*camera, arguments->folder);
  const auto begin = Steady::now();
  bool well = true;
  while (well && g_interrupted == 0 && !camera->wait_until_ended(kLook)) {
    if (arguments->run_for && Steady::now() - begin >= *arguments->run_for) break;
    well = trigger.look();
  }
  well = trigger.stop() && well;
  std::printf("%d recordings\n", trigger.count());
  return well ? 0 : 1;
}
