#include "cli/status_command.hpp"

#include "base/bytes.hpp"
#include "cli/connections.hpp"
#include "cli/exit_code.hpp"
#include "cli/output.hpp"
#include "cli/run_list.hpp"
#include "cli/run_report.hpp"
#include "pipeline/account.hpp"

#include <fmt/format.h>

namespace embedctl::cli {

void add_status_options(OptionSet& set, StatusArguments& options) {
  add_target_options(set, options.target);
  set.uuid("--family-id UUID", options.family_id, "instead: all runs of this family");
  set.allow_one_of({"--run-dir", "--batch-file", "--family-id"});
  set.text(
      "--batches-dir DIR", options.batches_dir,
      "without a run or a family: list the unfinished runs under DIR");
  set.group("Output");
  set.flag("--exit-code", options.exit_code, "exit with 0, 3 or 4 by the state of the run");
  set.group("Provider");
  set.flag("--update-json", options.update_json, "save the provider's answers in batch.json");
  add_provider_options(set, options.provider);
}

namespace {

// By the records on disk: no provider is asked.
int list_status(const StatusArguments& options, Context& context) {
  bool all_finished = true;
  const RunList list = list_runs(
      options.batches_dir,
      [&](const store::Run& run) {
        const bool is_finished = run.state() == store::RunState::finished;
        const bool is_wanted = options.family_id.empty()
                                   ? !is_finished
                                   : run.task().built_in && run.record().scope == options.family_id;
        all_finished = all_finished && (is_finished || !is_wanted);
        return is_wanted;
      },
      false, context.clock);
  int exit_code = ExitCode::done;
  if (list.has_damaged)
    exit_code = ExitCode::failed;
  else if (options.exit_code && !all_finished)
    exit_code = ExitCode::not_done;
  const std::string none =
      fmt::format("no {}runs in {}\n", options.family_id.empty() ? "unfinished " : "",
                  printable(options.batches_dir));
  return print_result(
      context, exit_code, fmt::format("{{\"runs\":{}}}", list.json),
      list.runs == 0 ? none : list.text);
}

} // namespace

int run_status(const StatusArguments& options, Context& context) {
  if (options.target.run_dir.empty() && options.target.batch_file.empty())
    return list_status(options, context);
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
      run_table(run, target.batch, context.clock) + list_hints(run) + next_line(run));
}

} // namespace embedctl::cli
