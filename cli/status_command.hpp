#pragma once

#include "cli/context.hpp"
#include "cli/option_groups.hpp"

namespace embedctl::cli {

struct StatusOptions {
  TargetOptions target;
  ProviderOptions provider;
  bool update_json = false;
  bool exit_code = false;
};

void add_status_options(OptionSet& set, StatusOptions& options);
int run_status(const StatusOptions& options, Context& context);

} // namespace embedctl::cli
