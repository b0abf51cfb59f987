#pragma once

#include "cli/context.hpp"
#include "cli/option_groups.hpp"
#include "pipeline/submit.hpp"

namespace embedctl::cli {

struct SubmitOptions {
  SelectionOptions selection;
  ProviderOptions provider;
  std::string run_dir;
  bool dry_run = false;
};

void add_submit_options(OptionSet& set, SubmitOptions& options);
int run_submit(const SubmitOptions& options, Context& context);

// What the pipeline is asked for; throws Error{usage} for a scope that cannot be one.
pipeline::SubmitOptions
submit_options(const SelectionOptions& selection, const ProviderOptions& provider, bool dry_run);

} // namespace embedctl::cli
