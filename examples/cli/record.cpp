// clipbuf record: keep a camera, save what was.
#include "context.hpp"
#include "exit_code.hpp"
#include "options.hpp"
#include "recorder.hpp"

#include <memory>

namespace cli {
namespace {

int run_record(Context& context, RecordOptions& options) {
  if (context.verbose) options.config.log = context.console.log();
  if (options.last <= clipbuf::Duration{0}) {
    context.console.error("--last is 0s, must be longer");
    return kUsage;
  }
  std::error_code error;
  std::filesystem::create_directories(options.folder, error);
  if (!std::filesystem::is_directory(options.folder)) {
    return report_error(
        context.console, options.json,
        {clipbuf::Errc::kStorageFailed,
         "--out " + options.folder.string() + ": " + (error ? error.message() : "not a directory")},
        kStorageError);
  }
  return Recorder(options, context.console).run();
}

void add_ends(CLI::App& command, RecordOptions& options) {
  command
      .add_option_function<std::string>(
          "--for",
          [&options](const std::string& text) {
            auto duration = clipbuf::parse_duration(text);
            if (!duration) throw CLI::ValidationError("--for", duration.error().message);
            if (*duration <= clipbuf::Duration{0}) {
              throw CLI::ValidationError("--for", "is " + text + ", must be longer than 0");
            }
            options.run_for = *duration;
          },
          "End by itself after so long")
      ->type_name("DURATION");
  command
      .add_option_function<std::string>(
          "--until",
          [&options](const std::string& text) {
            auto time = clipbuf::parse_timestamp(text);
            if (!time) throw CLI::ValidationError("--until", time.error().message);
            options.run_until = *time;
          },
          "End by itself at this time: RFC 3339, as in 2026-11-22T10:00:00Z")
      ->type_name("TIME");
}

}  // namespace

void add_record(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand(
      "record", "Keep the last minutes of a camera, and save of it what you want");
  auto options = std::make_shared<RecordOptions>();
  command
      ->add_option("source", options->config.source,
                   "Webcam number or device, rtsp:// or http:// URL, file, pattern:, opencv:URL")
      ->required();
  add_ends(*command, *options);
  add_duration(*command, "--last", options->last,
               "What key c saves, and the pre-roll of key r; given, the end by --for or --until "
               "saves it, too")
      ->default_str("30s")
      ->each([options](const std::string&) { options->last_at_end = true; });
  command
      ->add_option_function<std::string>(
          "--out", [options](const std::string& folder) { options->folder = folder; },
          "Where clips and recordings go; made if it isn't there")
      ->type_name("DIR")
      ->default_str(".");
  command->add_flag("--json", options->json, "Events as JSON on stdout, one document per line");
  add_cut_options(*command, options->save);
  add_config_options(*command, options->config, [](std::string_view) { return true; });
  command->footer(
      "Key c or SIGUSR1 saves the last --last while recording goes on; r starts and stops a "
      "recording that begins "
      "--last ago. Key q, SIGTERM, SIGHUP and the end of a file end it with 0, SIGINT (Ctrl-C) "
      "with 130; each "
      "finishes the recording that runs. A save that failed gives the exit code its error has.");
  command->callback([&context, options] {
    context.run = [&context, options] { return run_record(context, *options); };
  });
}

}  // namespace cli
