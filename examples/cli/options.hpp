// From clipbuf's one table of options to the command line, and the readers of values.
#pragma once

#include <clipbuf/clip.hpp>
#include <clipbuf/config.hpp>

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace cli {

/// Adds --some-key for every key of config_options() that `wanted` says yes to, and -O key=value
/// for all of them. Bad values are usage errors in the library's words.
void add_config_options(CLI::App& app, clipbuf::Config& config,
                        const std::function<bool(std::string_view key)>& wanted);

/// Keys of the table that say how a source is opened, and what a hostile one may cost.
bool is_source_option(std::string_view key);

/// --mode and --gaps.
void add_cut_options(CLI::App& app, clipbuf::SaveOptions& save);

/// Adds an option whose value is a duration ("12.4s", "1m30s", "250ms", "90"), at least 0.
CLI::Option* add_duration(CLI::App& app, const std::string& name, clipbuf::Duration& value,
                          const std::string& help);

/// Adds an option that is one of `words`; its value is the word's place in the list.
CLI::Option* add_choice(CLI::App& app, const std::string& name,
                        const std::vector<std::string>& words,
                        const std::function<void(std::size_t)>& set, const std::string& help);

}  // namespace cli
