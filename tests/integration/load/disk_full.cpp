// A save that finds the disk full fails cleanly, and the same clip is saved elsewhere afterwards.
//
//     disk_full STREET.MP4 FULL-FOLDER ROOMY-FOLDER
#include "street.hpp"

#include <filesystem>

using namespace std::chrono_literals;

namespace {

void must_be_empty(const std::string& folder) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    load::give_up("left behind: " + entry.path().string());
  }
}

void must_be_full(const clipbuf::Result<clipbuf::ClipReport>& report, const char* what) {
  if (report) load::give_up(std::string(what) + " should have failed");
  if (report.error().code != clipbuf::Errc::kStorageFull) {
    load::give_up(std::string(what) + ": not storage_full but " + report.error().message);
  }
  std::printf("%s: %s\n", what, report.error().message.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) load::give_up("usage: disk_full STREET.MP4 FULL-FOLDER ROOMY-FOLDER");
  const load::Street street(argv[1]);
  const std::string full = argv[2];
  const std::string roomy = argv[3];
  auto buffer = load::must(clipbuf::Buffer::create(), "create");
  const auto id = load::must(buffer.add_track(street.track()), "add_track");
  for (std::uint64_t n = 0; n < 2900; ++n)
    load::must(buffer.push(street.packet(n, id)), "push");
  load::must(buffer.finish(), "finish");

  clipbuf::ClipRequest wanted;
  wanted.last = 200s;
  const auto clip = load::must(buffer.clip(wanted), "clip");
  for (const auto mode : {clipbuf::CutMode::kExact, clipbuf::CutMode::kKeyframe}) {
    clipbuf::SaveOptions options;
    options.mode = mode;
    must_be_full(clip.save(full + "/clip.mp4", options), "save");
    must_be_empty(full);
  }
  const auto report = load::must(clip.save(roomy + "/clip.mp4"), "save again");
  if (report.frames != 2000 || !report.complete) load::give_up("not complete: " + report.to_json());
  std::puts(report.to_json().c_str());
}
