#pragma once

#include "cli/option_set.hpp"

namespace embedctl::cli {

// Every command has these.
struct CommonArguments {
  bool json = false;
  bool quiet = false;
  bool verbose = false;
};

void add_common_options(OptionSet& set, CommonArguments& options);

} // namespace embedctl::cli
