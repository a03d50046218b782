// clipbuf probe: what a source turns out to be.
#include "context.hpp"
#include "exit_code.hpp"
#include "job.hpp"
#include "json.hpp"
#include "options.hpp"

#include <clipbuf/source.hpp>

#include <memory>
#include <optional>

namespace cli {
namespace {

using clipbuf::Track;

struct ProbeOptions {
  clipbuf::Config config;
  bool json = false;
};

std::string track_text(const Track& track) {
  if (track.kind == clipbuf::TrackKind::kVideo) {
    std::string text = "video " + track.codec + " " + std::to_string(track.width) + "x" +
                       std::to_string(track.height) + " " + track.pixel_format;
    if (track.frame_rate.num > 0) {
      text += " " + std::to_string(track.frame_rate.num) + "/" +
              std::to_string(track.frame_rate.den) + " fps";
    }
    return text;
  }
  if (track.kind == clipbuf::TrackKind::kAudio) {
    return "audio " + track.codec + " " + std::to_string(track.sample_rate) + " Hz, " +
           std::to_string(track.channels) + " channels";
  }
  return "metadata " + track.codec;
}

void print(Console& console, const ProbeOptions& options, const clipbuf::SourceInfo& info) {
  if (options.json) {
    Json tracks = Json::array();
    for (const Track& track : info.tracks)
      tracks.push_back(track_json(track));
    console.out(json_line({{"source", clipbuf::redact(options.config.source)},
                           {"description", info.description},
                           {"live", info.live},
                           {"delivers", info.tracks.empty() ? "frames" : "packets"},
                           {"tracks", std::move(tracks)}}));
    return;
  }
  console.out(safe_line(info.description) + (info.live ? " (live)" : ""));
  if (info.tracks.empty()) console.out("  delivers frames, which are encoded on the way in");
  for (const Track& track : info.tracks)
    console.out("  " + safe_line(track_text(track)));
}

int run_probe(Context& context, ProbeOptions& options) {
  if (context.verbose) options.config.log = context.console.log();
  auto source = clipbuf::make_source(options.config);
  if (!source) {
    return report_error(context.console, options.json, source.error(),
                        exit_code(source.error().code));
  }
  std::optional<clipbuf::Result<clipbuf::SourceInfo>> info;
  const bool interrupted = run_job({.work = [&] { info.emplace((*source)->open()); },
                                    .cancel = [&] { (*source)->cancel(); },
                                    .tick = {}});
  if (!*info) {
    const clipbuf::Error& error = info->error();
    return report_error(context.console, options.json, error,
                        interrupted ? kInterrupted : source_exit_code(error.code));
  }
  print(context.console, options, **info);
  return interrupted ? kInterrupted : kOk;
}

}  // namespace

void add_probe(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("probe", "Open a source and say what it delivers");
  auto options = std::make_shared<ProbeOptions>();
  command->add_option("source", options->config.source, "Webcam number, device, URL or file")
      ->required();
  command->add_flag("--json", options->json, "One JSON document on stdout");
  add_config_options(*command, options->config, is_source_option);
  command->callback([&context, options] {
    context.run = [&context, options] { return run_probe(context, *options); };
  });
}

}  // namespace cli
