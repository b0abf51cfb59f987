#pragma once

#include "cli/context.hpp"
#include "cli/option_groups.hpp"
#include "pipeline/submit.hpp"

namespace embedctl::cli {

struct SubmitArguments {
  SelectionArguments selection;
  ProviderArguments provider;
  std::string run_dir;
  bool dry_run = false;
};

void add_submit_options(OptionSet& set, SubmitArguments& options);
int run_submit(const SubmitArguments& options, Context& context);

// What the pipeline is asked for; throws Error{usage} for a scope that cannot be one.
pipeline::SubmitOptions
submit_options(const SelectionArguments& selection, const ProviderArguments& provider, bool dry_run);

} // namespace embedctl::cli
