// The smallest sensible program: keep a camera, and after five seconds save the last three.
//
//     minimal [SOURCE [FILE]]        a webcam's number, an rtsp:// URL, a file, "pattern:"
#include <clipbuf/clipbuf.hpp>

#include <cstdio>
#include <thread>

using namespace std::chrono_literals;

int main(int argc, char** argv) {
  clipbuf::Config config;
  config.source = argc > 1 ? argv[1] : "0";
  config.keep = 5min;
  config.realtime = true;  // for files: as if they were live
  auto camera = clipbuf::Camera::open(config);
  if (!camera) {
    std::fprintf(stderr, "minimal: %s\n", camera.error().message.c_str());
    return 1;
  }

  std::this_thread::sleep_for(5s);

  clipbuf::ClipRequest wanted;
  wanted.last = 3s;
  auto clip = camera->clip(wanted);  // pinned now; recording goes on
  auto report = clip ? clip->save(argc > 2 ? argv[2] : "minimal.mp4")
                     : clipbuf::Result<clipbuf::ClipReport>(clip.error());
  if (!report) {
    std::fprintf(stderr, "minimal: %s\n", report.error().message.c_str());
    return 1;
  }
  std::puts(report->to_json().c_str());
}
