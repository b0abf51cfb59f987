#pragma once

#include "cli/context.hpp"
#include "cli/option_set.hpp"
#include "sandbox/options.hpp"

namespace embedctl::cli {

void add_sandbox_options(OptionSet& set, sandbox::Options& options);

// Prints its address on stdout and serves until asked to stop; that is its success.
int run_sandbox(const sandbox::Options& options, Context& context);

} // namespace embedctl::cli
