#pragma once

#include "cli/command.hpp"
#include "cli/common_arguments.hpp"
#include "cli/environment.hpp"

#include <string>
#include <vector>

namespace embedctl::cli {

struct Invocation {
  const Command* command = nullptr; // one of those given to parse_command_line
  CommonArguments common;
};

// What the user wants to read instead of having a command run.
struct HelpRequest {
  enum class About { nothing, overview, version, command, name } about = About::nothing;
  std::string name; // of the command; for About::name, of a command or a topic
};

// Which help do these ask for, if any? Needs no configuration. `arguments` do not hold the
// program's name.
HelpRequest
help_request(const std::vector<std::string>& arguments, const std::vector<Command>& commands);

// For arguments that ask for no help. An option that is not given is taken from its variable; those
// of other commands are not looked at. Throws Error{usage}.
Invocation parse_command_line(
    const std::vector<std::string>& arguments,
    const std::vector<Command>& commands,
    const Environment& environment);

// All options of a command, with those that every command has.
OptionSet options_of(const Command& command, CommonArguments& common);

// Should a mistake in the command line itself be reported as JSON?
bool asks_for_json(const std::vector<std::string>& arguments, const Environment& environment);

} // namespace embedctl::cli
