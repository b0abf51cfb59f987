#pragma once

#include "cli/context.hpp"
#include "cli/option_set.hpp"

#include <string>

namespace embedctl::cli {

struct FailuresArguments {
  std::string batches_dir = "./batches";
};

void add_failures_options(OptionSet& set, FailuresArguments& options);
int run_failures(const FailuresArguments& options, Context& context);

} // namespace embedctl::cli
