// What every command is given, and the commands.
#pragma once

#include "console.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace cli {

struct Context {
  Console console;
  bool verbose = false;
  std::function<int()> run;  ///< set by the chosen command while the words are parsed
};

// Each adds its subcommand.
void add_record(CLI::App& app, Context& context);
void add_cut(CLI::App& app, Context& context);
void add_probe(CLI::App& app, Context& context);
void add_codecs(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);

/// The text of --version.
std::string version_text();

/// Whether the library was built with the opencv: source.
bool has_opencv();

/// Says what failed, on stderr and, with `json`, as a document on stdout; returns `exit`.
int report_error(Console& console, bool json, const clipbuf::Error& error, int exit);

}  // namespace cli
