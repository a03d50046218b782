// clipbuf cut: an exact piece of a file.
#include "context.hpp"
#include "cut_job.hpp"
#include "exit_code.hpp"
#include "job.hpp"
#include "json.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "text.hpp"

#include <memory>

namespace cli {
namespace {

struct CutOptions {
  CutRequest request;
  bool json = false;
};

int print(Console& console, const CutOptions& options, const CutOutcome& outcome) {
  if (options.json) {
    console.out(outcome.report.to_json());
  } else {
    for (const std::string& line : report_text(outcome.report))
      console.out(safe_line(line));
  }
  if (!outcome.warning) return kOk;
  console.error("the input could not be read to the end of the range: " + outcome.warning->message);
  return source_exit_code(outcome.warning->code);
}

int run_cut(Context& context, CutOptions& options) {
  CutRequest& request = options.request;
  if (request.to <= request.from) {
    context.console.error("--to is " + clipbuf::to_string(request.to) + ", not after --from " +
                          clipbuf::to_string(request.from));
    return kUsage;
  }
  if (context.verbose) request.config.log = context.console.log();
  CutJob cut(request);
  clipbuf::Result<CutOutcome> outcome = clipbuf::Error{};
  bool interrupted = false;
  {
    Progress progress(context.console);
    interrupted = run_job({.work = [&] { outcome = cut.run(); },
                           .cancel = [&] { cut.cancel(); },
                           .tick = [&] { progress.show(cut.stage(), cut.fraction()); }});
  }
  if (outcome) return print(context.console, options, *outcome);
  return report_error(context.console, options.json, outcome.error(),
                      interrupted ? kInterrupted : cut.exit_for_error());
}

// Those of the table that mean something for a file that is read once, as fast as it can.
bool wanted_for_cut(std::string_view key) {
  return key == "max_bytes" || key == "codec" || key == "open_timeout" || key == "read_timeout";
}

void add_output_options(CLI::App& command, CutRequest& request) {
  clipbuf::SaveOptions& save = request.save;
  add_choice(
      command, "--container", {"auto", "mp4", "mov", "mkv", "ts", "fmp4", "webm", "gif", "jpeg"},
      [&save](std::size_t i) { save.container = static_cast<clipbuf::Container>(i); },
      "What kind of file; auto goes by OUT's ending");
  command.add_option("--poster", request.poster, "Write the first frame as a JPEG, too")
      ->type_name("FILE");
  command
      .add_option("--encoder", save.encoder,
                  "Where something must be encoded: auto or an encoder's name")
      ->default_str(save.encoder);
  command
      .add_option("--quality", save.quality,
                  "Of what is encoded: constant rate factor, 0 (best) to 51")
      ->check(CLI::Range(0, 51))
      ->default_str(std::to_string(save.quality));
  command.add_flag("!--no-audio", save.audio, "Leave the sound out");
  command.add_flag("--copy-always", save.copy_always,
                   "Keep even a codec that players of the container can't play");
  command.add_flag("--placeholder", request.placeholder,
                   "Where the range holds nothing, write a clip that says so instead of failing");
}

}  // namespace

void add_cut(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("cut", "Cut a range out of a file: exactly these frames, not re-encoded");
  auto options = std::make_shared<CutOptions>();
  CutRequest& request = options->request;
  // Nothing is set aside: only a range that long will use that much.
  request.config.max_bytes = std::uint64_t{2} << 30;
  command->add_option("input", request.config.source, "The file")->required();
  add_duration(*command, "--from", request.from,
               "Where it begins, counted from the first frame shown")
      ->required();
  add_duration(*command, "--to", request.to,
               "Where it ends: the frame shown at this time is not in it")
      ->required();
  command->add_option("-o,--output", request.output, "The file to write")
      ->required()
      ->type_name("OUT");
  command->add_flag("--json", options->json, "The report as one JSON document on stdout");
  add_cut_options(*command, request.save);
  add_output_options(*command, request);
  add_config_options(*command, request.config, wanted_for_cut);
  command->get_option("--max-bytes")->default_str("2G");
  command->footer(
      "Times in the JSON report (*_us) are the file's own media times in microseconds.");
  command->callback([&context, options] {
    context.run = [&context, options] { return run_cut(context, *options); };
  });
}

}  // namespace cli
