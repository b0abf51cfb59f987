#pragma once

#include "cli/context.hpp"
#include "cli/option_groups.hpp"

namespace embedctl::cli {

struct VerifyOptions {
  TargetOptions target;
};

void add_verify_options(OptionSet& set, VerifyOptions& options);
int run_verify(const VerifyOptions& options, Context& context);

} // namespace embedctl::cli
