#pragma once

#include "cli/context.hpp"
#include "cli/option_groups.hpp"

#include <string>

namespace embedctl::cli {

struct CancelArguments {
  std::string run_dir;
  ProviderArguments provider;
  int poll_seconds = 10;
};

void add_cancel_options(OptionSet& set, CancelArguments& options);
int run_cancel(const CancelArguments& options, Context& context);

} // namespace embedctl::cli
