#pragma once

#include "cli/context.hpp"
#include "cli/option_groups.hpp"

namespace embedctl::cli {

struct IngestArguments {
  TargetArguments target;
  WriteArguments write;
  ProviderArguments provider;
  int dims = 0; // 0: the run's
  bool apply_again = false;
  bool accept_missing = false;
};

void add_ingest_options(OptionSet& set, IngestArguments& options);
int run_ingest(const IngestArguments& options, Context& context);

} // namespace embedctl::cli
