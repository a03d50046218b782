#include "options.hpp"

#include <algorithm>
#include <array>

namespace cli {
namespace {

using clipbuf::Config;
using clipbuf::OptionInfo;

std::string flag_name(std::string_view key) {
  std::string name(key);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

std::string type_name(std::string_view type) {
  std::string name(type);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

void set_or_throw(Config& config, const std::string& name, const std::string& key,
                  const std::string& value) {
  if (auto done = config.set(key, value); !done)
    throw CLI::ValidationError(name, done.error().message);
}

void add_flag(CLI::App& app, Config& config, const OptionInfo& info) {
  const std::string name = flag_name(info.key);
  const std::string key(info.key);
  const bool on = info.default_value == "true" || info.default_value == "1";
  app.add_flag_function(
         "--" + name + ",!--no-" + name,
         [&config, name, key](std::int64_t count) {
           set_or_throw(config, "--" + name, key, count > 0 ? "true" : "false");
         },
         std::string(info.help) + (on ? " [on]" : " [off]"))
      ->group("Settings");
}

void add_value(CLI::App& app, Config& config, const OptionInfo& info) {
  const std::string name = "--" + flag_name(info.key);
  const std::string key(info.key);
  auto* option = app.add_option_function<std::string>(
      name,
      [&config, name, key](const std::string& value) { set_or_throw(config, name, key, value); },
      std::string(info.help));
  option->type_name(type_name(info.type))->group("Settings");
  if (!info.default_value.empty()) option->default_str(std::string(info.default_value));
}

void add_pairs(CLI::App& app, Config& config) {
  app.add_option_function<std::vector<std::string>>(
         "-O,--option",
         [&config](const std::vector<std::string>& pairs) {
           for (const std::string& pair : pairs) {
             const auto equals = pair.find('=');
             const std::string key = pair.substr(0, equals);
             if (equals == std::string::npos || key == "source") {
               throw CLI::ValidationError("--option",
                                          "wants key=value, with a key of the settings");
             }
             set_or_throw(config, "--option", key, pair.substr(equals + 1));
           }
         },
         "Any setting by its key, as in max_pixels=4000000; may be repeated")
      ->type_name("KEY=VALUE")
      ->take_all()
      ->allow_extra_args(false);
}

}  // namespace

void add_config_options(CLI::App& app, Config& config,
                        const std::function<bool(std::string_view)>& wanted) {
  for (const OptionInfo& info : clipbuf::config_options()) {
    if (info.key == "source" || !wanted(info.key)) continue;
    if (info.type == "flag") {
      add_flag(app, config, info);
    } else {
      add_value(app, config, info);
    }
  }
  add_pairs(app, config);
}

bool is_source_option(std::string_view key) {
  constexpr std::array<std::string_view, 8> kOthers{
      "keep", "max_bytes", "codec", "store", "jpeg_quality", "bit_rate", "preset", "key_interval"};
  return std::find(kOthers.begin(), kOthers.end(), key) == kOthers.end() && key != "quality" &&
         key != "audio" && key.substr(0, 9) != "reconnect";
}

CLI::Option* add_choice(CLI::App& app, const std::string& name,
                        const std::vector<std::string>& words,
                        const std::function<void(std::size_t)>& set, const std::string& help) {
  std::string list;
  for (const std::string& word : words)
    list += (list.empty() ? "" : "|") + word;
  return app
      .add_option_function<std::string>(
          name,
          [words, set, name, list](const std::string& word) {
            const auto found = std::find(words.begin(), words.end(), word);
            if (found == words.end()) {
              throw CLI::ValidationError(name, "is \"" + word + "\", not one of " + list);
            }
            set(static_cast<std::size_t>(found - words.begin()));
          },
          help)
      ->type_name(list)
      ->default_str(words.front());
}

void add_cut_options(CLI::App& app, clipbuf::SaveOptions& save) {
  add_choice(
      app, "--mode", {"exact", "keyframe", "reencode"},
      [&save](std::size_t i) { save.mode = static_cast<clipbuf::CutMode>(i); },
      "exact hides what precedes the first frame by an edit list; keyframe starts at the key frame "
      "before it; reencode leaves nothing else in the file");
  add_choice(
      app, "--gaps", {"hold", "collapse"},
      [&save](std::size_t i) { save.gaps = static_cast<clipbuf::GapPolicy>(i); },
      "Where nothing was recorded: hold the last frame, or leave the gap out");
}

CLI::Option* add_duration(CLI::App& app, const std::string& name, clipbuf::Duration& value,
                          const std::string& help) {
  return app
      .add_option_function<std::string>(
          name,
          [&value, name](const std::string& text) {
            auto duration = clipbuf::parse_duration(text);
            if (!duration) throw CLI::ValidationError(name, duration.error().message);
            if (*duration < clipbuf::Duration{0}) {
              throw CLI::ValidationError(name, "is " + text + ", must not be negative");
            }
            value = *duration;
          },
          help)
      ->type_name("DURATION");
}

}  // namespace cli
