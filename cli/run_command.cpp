#include "cli/run_command.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "cli/connections.hpp"
#include "cli/error_report.hpp"
#include "cli/exit_code.hpp"
#include "cli/format.hpp"
#include "cli/output.hpp"
#include "cli/resume_hint.hpp"
#include "cli/run_report.hpp"
#include "cli/submit_command.hpp"
#include "cli/terminal.hpp"
#include "pipeline/run.hpp"

#include <fmt/format.h>
#include <unistd.h>

namespace embedctl::cli {

namespace {

pipeline::BatchExecutorOptions run_executor_options(const RunArguments& options) {
  pipeline::BatchExecutorOptions executor = executor_options(options.provider);
  executor.poll_interval = std::chrono::seconds(options.poll_seconds);
  return executor;
}

pipeline::Outcome
move_on(store::Run& run, const RunArguments& options, const pipeline::Ports& ports, Context& context) {
  warn_of_network_folder(context, run.paths().folder().string());
  const auto advance = advance_options(options.write, options.provider);
  return options.once ? pipeline::run_once(run, advance, ports)
                      : pipeline::run_to_end(run, advance, ports);
}

// Before anything is sent, and hours before it comes to writing.
void check_index_policy(const RunArguments& options, Connections& connections) {
  const auto policy = advance_options(options.write, options.provider).apply.index;
  pipeline::check_policy(policy, connections.indexes());
}

pipeline::Outcome resume(store::Run& run, const RunArguments& options, Context& context) {
  Connections connections(
      context, run.record().task, options.write, options.provider, run_executor_options(options));
  connections.source().check();
  check_same_database(connections.source(), run.record());
  check_index_policy(options, connections);
  run.lock();
  if (run.record().dry_run) {
    const auto claim = pipeline::release_dry_run(run, connections.ports());
    pipeline::AdvanceOptions send = advance_options(options.write, options.provider);
    send.collect = false;
    throw_if_blocked(pipeline::advance(run, send, connections.ports()));
  }
  return move_on(run, options, connections.ports(), context);
}

std::string text_of(store::Run& run, Context& context) {
  return run_table(run, std::nullopt, context.clock) + list_hints(run);
}

int run_one(const RunArguments& options, Context& context) {
  store::Run run = store::Run::load(options.run_dir);
  throw_if_blocked(resume(run, options, context));
  return print_result(
      context, exit_code_of(run, std::nullopt), run_json(run, std::nullopt), text_of(run, context));
}

// A run that is blocked does not hold up the others.
int exit_code_after(
    const pipeline::Outcome& outcome, const store::Run& run, Context& context) {
  const auto* blocked = std::get_if<pipeline::Blocked>(&outcome);
  if (blocked == nullptr)
    return exit_code_of(run, std::nullopt);
  Error why(
      blocked->why.kind(),
      fmt::format("run {} is blocked: {}", run.paths().folder().string(), blocked->why.what()),
      blocked->why.hint());
  why.provider = blocked->why.provider;
  context.progress.close();
  write_stderr(error_text(why, wants_colour(STDERR_FILENO, context.environment)));
  return ExitCode::failed;
}

// "family: 3,000 of 3,000 filled". A database that is away by now does not undo what was done.
std::string filled_text(RowSource& source, const pipeline::SubmitOptions& submit) {
  try {
    const RowSetCounts counts = source.count(RowsOfScope{submit.scope});
    return fmt::format(
        "{}: {} of {} filled\n", submit.task.scopes.noun, human_count(counts.filled),
        human_count(counts.rows));
  } catch (const Error& error) {
    return fmt::format("{}: not counted: {}\n", submit.task.scopes.noun, error.what());
  }
}

int run_scope(const RunArguments& options, Context& context, std::string& run_dir) {
  const auto submit = submit_options(options.selection, options.provider, false);
  Connections connections(
      context, submit.task, options.write, options.provider, run_executor_options(options));
  connections.require_provider();
  connections.source().check();
  check_index_policy(options, connections);

  auto earlier = pipeline::unfinished_runs(submit.batches_dir, submit.task, submit.scope);
  std::string text;
  int exit_code = ExitCode::done;
  for (store::Run& run : earlier) {
    context.progress.note(
        NoteLevel::info, fmt::format("resuming run {}", run.paths().folder().string()));
    run_dir = run.paths().folder().string();
    exit_code =
        worst_of(exit_code, exit_code_after(resume(run, options, context), run, context));
    text += text_of(run, context) + "\n";
  }

  auto report = pipeline::submit(submit, connections.ports());
  text += selection_text(report, submit.task);
  if (report.run) {
    run_dir = report.run->paths().folder().string();
    const auto outcome = move_on(*report.run, options, connections.ports(), context);
    exit_code = worst_of(exit_code, exit_code_after(outcome, *report.run, context));
    text += text_of(*report.run, context);
  } else {
    exit_code = worst_of(exit_code, exit_code_without_run(report));
  }
  // What an earlier run left was filled by a later one.
  if (exit_code == ExitCode::rows_failed
      && connections.source().look(RowsOfScope{submit.scope}).complete)
    exit_code = ExitCode::done;
  if (report.run && (exit_code == ExitCode::done || exit_code == ExitCode::rows_failed))
    text += filled_text(connections.source(), submit);
  print_result(context, exit_code, runs_json(report, earlier), text);
  if (!context.common.quiet || !is_quiet_code(exit_code))
    report.remember_told();
  return exit_code;
}

} // namespace

void add_run_options(OptionSet& set, RunArguments& options) {
  add_selection_options(set, options.selection, options.run_dir);
  add_sending_options(set, options.provider);
  set.number(
      "--poll-seconds N", options.poll_seconds, 1, 86'400, "seconds between two status requests");
  set.group("Selection");
  set.flag("--dry-run", options.dry_run, "write the files, send nothing; needs no API key");
  set.group("Provider");
  set.flag(
      "--once", options.once,
      "do what can be done now, and exit 4 instead of waiting for the rest");
  add_provider_options(set, options.provider);
  add_write_options(set, options.write);
}

int run_run(const RunArguments& options, Context& context) {
  if (options.dry_run)
    return run_submit({options.selection, options.provider, options.run_dir, true}, context);
  if (!options.run_dir.empty())
    return with_resume_hint("embedctl run --run-dir " + shell_quoted(options.run_dir), [&] {
      return run_one(options, context);
    });
  std::string run_dir;
  return with_resume_hint(
      "embedctl run" + as_arguments(options.selection),
      [&] { return run_scope(options, context, run_dir); }, &run_dir);
}

} // namespace embedctl::cli
