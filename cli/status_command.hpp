#pragma once

#include "cli/context.hpp"
#include "cli/option_groups.hpp"

#include <string>

namespace embedctl::cli {

struct StatusArguments {
  TargetArguments target;
  std::string family_id;
  std::string batches_dir = "./batches";
  ProviderArguments provider;
  bool update_json = false;
  bool exit_code = false;
};

void add_status_options(OptionSet& set, StatusArguments& options);
int run_status(const StatusArguments& options, Context& context);

} // namespace embedctl::cli
