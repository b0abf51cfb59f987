#include "cli/status_command.hpp"

#include "cli/connections.hpp"
#include "cli/exit_code.hpp"
#include "cli/output.hpp"
#include "cli/run_report.hpp"
#include "pipeline/account.hpp"

namespace embedctl::cli {

void add_status_options(OptionSet& set, StatusArguments& options) {
  add_target_options(set, options.target);
  set.group("Output");
  set.flag("--exit-code", options.exit_code, "exit with 0, 3 or 4 by the state of the run");
  set.group("Provider");
  set.flag("--update-json", options.update_json, "save the provider's answers in batch.json");
  add_provider_options(set, options.provider);
}

int run_status(const StatusArguments& options, Context& context) {
  const Target target = target_of(options.target);
  store::Run run = store::Run::load(target.run_dir);
  pipeline::check_filter(run, target.batch);
  if (options.update_json)
    run.lock();
  if (pipeline::any_with_provider(run, target.batch)) {
    RemoteProvider provider(context, options.provider);
    if (!options.provider.moved)
      pipeline::require_same_account(run, (*provider).identity());
    if (options.update_json)
      pipeline::poll(run, target.batch, *provider, runtime_of(context));
    else
      pipeline::ask(run, target.batch, *provider, context.clock);
  }
  const bool tells = options.exit_code || run.imbalance();
  const int exit_code = tells ? exit_code_of(run, target.batch) : ExitCode::done;
  return print_result(
      context, exit_code, run_json(run, target.batch),
      run_table(run, target.batch, context.clock) + list_hints(run));
}

} // namespace embedctl::cli
