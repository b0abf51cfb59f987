#pragma once

#include "cli/common_options.hpp"
#include "cli/context.hpp"
#include "cli/environment.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace embedctl::cli {

struct Verb {
  std::string name;
  std::string text; // what it does, in one line
  std::function<void(CLI::App&)> add_options;
  std::function<int(Context&)> run;
};

// A verb is three things: its options, a function that adds them to the parser, which opens
// nothing, and one that does the work and returns the exit code.
template <typename Options>
Verb make_verb(
    std::string name,
    std::string text,
    void (*add_options)(CLI::App&, Options&),
    int (*run)(const Options&, Context&)) {
  const auto options = std::make_shared<Options>();
  return {
      std::move(name), std::move(text),
      [add_options, options](CLI::App& app) { add_options(app, *options); },
      [run, options](Context& context) { return run(*options, context); }};
}

struct Invocation {
  const Verb* verb = nullptr; // one of those given to parse_command_line
  CommonOptions common;
  std::string text; // without a verb: what --help or --version has to say
};

// Throws Error{usage}. `arguments` do not hold the program's name. Options of a verb also come from
// the process environment; those of other verbs are not looked at.
Invocation parse_command_line(
    const std::vector<std::string>& arguments,
    const std::vector<Verb>& verbs,
    const Environment& environment);

// Is it for help or version, which need no configuration?
bool asks_for_information(const std::vector<std::string>& arguments);

// Shall a mistake in the command line itself be told as JSON?
bool asks_for_json(const std::vector<std::string>& arguments, const Environment& environment);

} // namespace embedctl::cli
