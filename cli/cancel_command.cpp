#include "cli/cancel_command.hpp"

#include "base/error.hpp"
#include "cli/connections.hpp"
#include "cli/format.hpp"
#include "cli/output.hpp"
#include "cli/resume_hint.hpp"
#include "cli/run_report.hpp"
#include "pipeline/cancel.hpp"
#include "pipeline/run.hpp"

namespace embedctl::cli {

namespace {

int cancel_run(const CancelArguments& options, Context& context) {
  store::Run run = store::Run::load(options.run_dir);
  run.lock();
  if (run.record().dry_run)
    throw Error(
        ErrorKind::usage, "this run was prepared and never sent",
        "there is nothing to cancel: remove its folder");
  pipeline::BatchExecutorOptions executor = executor_options(options.provider);
  executor.poll_interval = std::chrono::seconds(options.poll_seconds);
  Connections connections(context, run.record().task, {}, options.provider, executor);
  connections.source().check();
  check_same_database(connections.source(), run.record());
  pipeline::AdvanceOptions advance = advance_options({}, options.provider);
  advance.send = false;
  pipeline::cancel(run, advance, connections.ports());
  throw_if_blocked(pipeline::run_to_end(run, advance, connections.ports()));
  return print_result(
      context, exit_code_of(run, std::nullopt), run_json(run, std::nullopt),
      run_table(run, std::nullopt, context.clock) + list_hints(run));
}

} // namespace

void add_cancel_options(OptionSet& set, CancelArguments& options) {
  set.group("Selection");
  set.text("--run-dir DIR", options.run_dir, "the run folder");
  set.require_one_of({"--run-dir"});
  set.group("Provider");
  set.number(
      "--poll-seconds N", options.poll_seconds, 1, 86'400, "seconds between two status requests");
  add_parallel_option(set, options.provider);
  add_provider_options(set, options.provider);
}

int run_cancel(const CancelArguments& options, Context& context) {
  return with_resume_hint("embedctl cancel --run-dir " + shell_quoted(options.run_dir), [&] {
    return cancel_run(options, context);
  });
}

} // namespace embedctl::cli
