#pragma once

#include "cli/context.hpp"
#include "cli/option_groups.hpp"

namespace embedctl::cli {

struct VerifyArguments {
  TargetArguments target;
};

void add_verify_options(OptionSet& set, VerifyArguments& options);
int run_verify(const VerifyArguments& options, Context& context);

} // namespace embedctl::cli
