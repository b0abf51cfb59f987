#pragma once

#include "cli/command.hpp"
#include "cli/markdown.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace embedctl::cli {

// A page of cli/help, built into the binary.
struct Topic {
  std::string_view name;     // "exit-codes"
  std::string_view markdown; // begins with "# Title"

  std::string_view title() const;
};

// In the order of their names.
const std::vector<Topic>& topics();

// What embedctl is, its commands and its topics.
std::string overview(const std::vector<Command>& commands, const TextStyle& style);

// Usage, options and examples.
std::string command_help(const Command& command, const TextStyle& style);

// The help of the command or topic of this name, or of both. Throws Error{usage} if there is none.
std::string
help_on(std::string_view name, const std::vector<Command>& commands, const TextStyle& style);

} // namespace embedctl::cli
