#pragma once

#include "cli/command.hpp"

#include <vector>

namespace embedctl::cli {

// Every command of embedctl, in the order of the help.
std::vector<Command> all_commands();

} // namespace embedctl::cli
