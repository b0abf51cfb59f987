#pragma once

#include "cli/command.hpp"

#include <string>
#include <vector>

namespace embedctl::cli {

// Prepares the process, parses the arguments, runs the command and reports its error. Returns the
// exit code.
int run(const std::vector<std::string>& arguments, const std::vector<Command>& commands);

} // namespace embedctl::cli
