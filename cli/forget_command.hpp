#pragma once

#include "cli/context.hpp"
#include "cli/option_groups.hpp"

#include <string>

namespace embedctl::cli {

struct ForgetArguments {
  std::string batch_file;
  bool yes = false;
  ProviderArguments provider;
};

void add_forget_options(OptionSet& set, ForgetArguments& options);
int run_forget(const ForgetArguments& options, Context& context);

} // namespace embedctl::cli
