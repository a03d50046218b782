// clipbuf: the command line. Words in, a command run, an exit code out.
#include "context.hpp"
#include "exit_code.hpp"
#include "json.hpp"
#include "terminal.hpp"

#include <clipbuf/log.hpp>
#include <clipbuf/source.hpp>
#include <clipbuf/version.hpp>

#include <new>

namespace cli {

int report_error(Console& console, bool json, const clipbuf::Error& error, int exit) {
  if (json) console.out(json_line(error_json(error)));
  console.error(error.message.empty() ? clipbuf::errc_name(error.code) : error.message);
  return exit;
}

bool has_opencv() {
  clipbuf::Config config;
  config.source = "opencv:0";  // made, never opened
  const auto source = clipbuf::make_source(config);
  return source || source.error().code != clipbuf::Errc::kUnsupported;
}

std::string version_text() {
  const auto ffmpeg = clipbuf::ffmpeg_info();
  return std::string("clipbuf ") + clipbuf::version() + "\nFFmpeg " + ffmpeg.version + " (" +
         ffmpeg.license + ")" +
         (ffmpeg.matches ? ""
                         : ", not the major version clipbuf was built for: see clipbuf doctor") +
         "\nbuilt in: copy, raw, jpeg and libavcodec's encoders; memory storage; " +
         (has_opencv() ? "the opencv: source" : "no opencv: source");
}

namespace {

int usage_error(Console& console, const std::string& message) {
  console.error(message + " (see clipbuf --help)");
  return kUsage;
}

int run(int argc, char** argv) {
  CLI::App app{"Keep the last minutes of any camera; cut exact clips of them.", "clipbuf"};
  Context context;
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("-V,--version", version_text,
                       "Versions of clipbuf and FFmpeg, and what is built in");
  app.add_flag("-v,--verbose", context.verbose, "Show the library's and FFmpeg's log on stderr");
  app.footer(std::string("A duration is 12.4s, 1m30s, 250ms, 2h or plain seconds. ") +
             kExitCodeHelp);
  add_record(app, context);
  add_cut(app, context);
  add_probe(app, context);
  add_codecs(app, context);
  add_doctor(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion&) {
    context.console.out(version_text());
    return kOk;
  } catch (const CLI::Success&) {
    // --help, of the program or of the command it follows
    const auto chosen = app.get_subcommands();
    context.console.out(chosen.empty() ? app.help() : chosen.front()->help("clipbuf"));
    return kOk;
  } catch (const CLI::ParseError& e) {
    return usage_error(context.console, e.what());
  }
  // The process is ours, so FFmpeg's one log callback is, too.
  clipbuf::route_ffmpeg_logs(context.verbose ? context.console.log() : clipbuf::Log{});
  const int exit = context.run();
  clipbuf::route_ffmpeg_logs({});
  return exit;
}

}  // namespace
}  // namespace cli

int main(int argc, char** argv) {
  try {
    return cli::run(argc, argv);
  } catch (const std::bad_alloc&) {
    cli::InputQueue::restore_terminal();
    cli::Console().error("out of memory");
  } catch (const std::exception& e) {
    cli::InputQueue::restore_terminal();
    cli::Console().error(e.what());
  }
  return cli::kFailure;
}
