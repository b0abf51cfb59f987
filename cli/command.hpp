#pragma once

#include "cli/context.hpp"
#include "cli/option_set.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace embedctl::cli {

// What the help says about a command.
struct Manual {
  std::string name;
  std::string summary;               // one line for the list of commands, no period
  std::vector<std::string> usage;    // "submit --family-id UUID [options]"
  std::vector<std::string> examples; // whole command lines
};

struct Command {
  Manual manual;
  std::function<void(OptionSet&)> add_options;
  std::function<int(Context&)> run;
};

// A command is a manual, a function that declares its options and opens nothing, and one that does
// the work and returns the exit code.
template <typename Options>
Command make_command(
    Manual manual,
    void (*add_options)(OptionSet&, Options&),
    int (*run)(const Options&, Context&)) {
  const auto options = std::make_shared<Options>();
  return {
      std::move(manual), [add_options, options](OptionSet& set) { add_options(set, *options); },
      [run, options](Context& context) { return run(*options, context); }};
}

} // namespace embedctl::cli
