// clipbuf codecs: what this machine can really encode with.
#include "context.hpp"
#include "exit_code.hpp"
#include "json.hpp"

#include <clipbuf/codec/video.hpp>

#include <memory>

namespace cli {
namespace {

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size() + 1, width), ' ');
  return text;
}

int run_codecs(Context& context, bool json) {
  const auto encoders = clipbuf::probe_encoders();
  if (json) {
    Json list = Json::array();
    for (const auto& encoder : encoders)
      list.push_back(encoder_json(encoder));
    context.console.out(
        json_line({{"built_in", {"copy", "raw", "jpeg"}}, {"encoders", std::move(list)}}));
    return kOk;
  }
  context.console.out("copy, raw and jpeg are always there; of the encoders:");
  for (const auto& encoder : encoders) {
    std::string line = "  " + padded(encoder.name, 20) + padded(encoder.codec, 12);
    line += encoder.hardware ? "hardware  " : "software  ";
    line += encoder.works ? "works" : "does not work: " + safe_line(encoder.why_not);
    context.console.out(line);
  }
  return kOk;
}

}  // namespace

void add_codecs(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("codecs", "Try every encoder with one frame and say which ones work");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "One JSON document on stdout");
  command->callback(
      [&context, json] { context.run = [&context, json] { return run_codecs(context, *json); }; });
}

}  // namespace cli
