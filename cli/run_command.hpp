#pragma once

#include "cli/context.hpp"
#include "cli/option_groups.hpp"

namespace embedctl::cli {

struct RunArguments {
  SelectionArguments selection;
  ProviderArguments provider;
  WriteArguments write;
  std::string run_dir;
  bool once = false;
  bool dry_run = false;
  int poll_seconds = 60;
};

void add_run_options(OptionSet& set, RunArguments& options);
int run_run(const RunArguments& options, Context& context);

} // namespace embedctl::cli
