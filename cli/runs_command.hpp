#pragma once

#include "cli/context.hpp"
#include "cli/option_set.hpp"

#include <cstdint>
#include <string>

namespace embedctl::cli {

struct RunsArguments {
  std::string batches_dir = "./batches";
};
void add_runs_options(OptionSet& set, RunsArguments& options);
int run_runs(const RunsArguments& options, Context& context);

struct PruneArguments {
  std::string batches_dir = "./batches";
  std::uint64_t older_than = 0; // seconds
  bool dry_run = false;
};
void add_prune_options(OptionSet& set, PruneArguments& options);
int run_prune(const PruneArguments& options, Context& context);

} // namespace embedctl::cli
