#pragma once

#include "cli/command_line.hpp"

namespace embedctl::cli {

// Everything but the list of verbs: readies the process, parses, runs the verb, reports what went
// wrong. Returns the exit code.
int run(const std::vector<std::string>& arguments, const std::vector<Verb>& verbs);

} // namespace embedctl::cli
