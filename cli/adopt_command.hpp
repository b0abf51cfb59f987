#pragma once

#include "cli/context.hpp"
#include "cli/option_set.hpp"

#include <string>

namespace embedctl::cli {

struct AdoptArguments {
  std::string run_dir;
};

void add_adopt_options(OptionSet& set, AdoptArguments& options);
int run_adopt(const AdoptArguments& options, Context& context);

} // namespace embedctl::cli
