#pragma once

#include "cli/context.hpp"
#include "cli/option_groups.hpp"

namespace embedctl::cli {

struct RunOptions {
  SelectionOptions selection;
  ProviderOptions provider;
  WriteOptions write;
  std::string run_dir;
  bool once = false;
  int poll_seconds = 60;
};

void add_run_options(OptionSet& set, RunOptions& options);
int run_run(const RunOptions& options, Context& context);

} // namespace embedctl::cli
