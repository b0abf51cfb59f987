#pragma once

#include "cli/context.hpp"
#include "cli/option_groups.hpp"

namespace embedctl::cli {

struct IngestOptions {
  TargetOptions target;
  WriteOptions write;
  ProviderOptions provider;
  int dims = 0; // 0: the run's
};

void add_ingest_options(OptionSet& set, IngestOptions& options);
int run_ingest(const IngestOptions& options, Context& context);

} // namespace embedctl::cli
