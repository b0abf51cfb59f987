#include "cli/submit_command.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "cli/connections.hpp"
#include "cli/exit_code.hpp"
#include "cli/format.hpp"
#include "cli/output.hpp"
#include "cli/resume_hint.hpp"
#include "cli/run_report.hpp"
#include "core/text.hpp"
#include "entities/built_in.hpp"
#include "requests/models.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

bool all_sent(const store::Run& run) {
  return std::all_of(
      run.batches().begin(), run.batches().end(),
      [](const store::BatchRecord& batch) { return batch.is_sent() && !batch.was_refused(); });
}

int exit_code_of_submit(const store::Run& run) {
  if (!run.record().dry_run && !all_sent(run))
    return ExitCode::not_done;
  return run.rows()[RowState::skipped] > 0 ? ExitCode::rows_failed : ExitCode::done;
}

std::string batches_text(const store::Run& run) {
  const std::size_t count = run.batches().size();
  return count == 1 ? "1 batch" : human_count(count) + " batches";
}

std::string submit_text(const store::Run& run) {
  const std::string folder = run.paths().folder().string();
  const std::string named = shell_quoted(folder);
  const std::string what = fmt::format(
      "{} in {}\n{}run folder: {}\n", counted(run.rows().total(), "row"), batches_text(run),
      list_hints(run), folder);
  return run.record().dry_run
             ? what
                   + fmt::format(
                       "nothing was sent; send it with: embedctl submit --run-dir {}\n", named)
             : what + fmt::format("check progress: embedctl status --run-dir {}\n", named);
}

int submit_new(const SubmitArguments& options, Context& context) {
  const auto submit = submit_options(options.selection, options.provider, options.dry_run);
  Connections connections(
      context, submit.task, {}, options.provider, executor_options(options.provider));
  if (!options.dry_run)
    connections.require_provider();
  const auto report = pipeline::submit(submit, connections.ports());
  throw_if_blocked(report.outcome);
  const int exit_code =
      report.run ? exit_code_of_submit(*report.run) : exit_code_without_run(report);
  print_result(
      context, exit_code, submit_json(report),
      selection_text(report, submit.task) + (report.run ? submit_text(*report.run) : ""));
  report.remember_told();
  return exit_code;
}

int submit_rest(const SubmitArguments& options, Context& context) {
  if (options.dry_run)
    throw Error(ErrorKind::usage, "--dry-run creates a new run and cannot be used with --run-dir");
  pipeline::SubmitReport report;
  report.run.emplace(store::Run::load(options.run_dir));
  store::Run& run = *report.run;
  run.lock();
  pipeline::BatchExecutorOptions executor = executor_options(options.provider);
  executor.resend_now = true;
  Connections connections(context, run.record().task, {}, options.provider, executor);
  if (run.record().dry_run) {
    connections.source().check();
    check_same_database(connections.source(), run.record());
  }
  if (all_sent(run) && run.record().selection != store::SelectionState::running)
    return print_result(
        context, exit_code_of_submit(run), submit_json(report),
        "everything was sent already\n" + submit_text(run));
  connections.ports().executor.check_access(run.task().request);
  std::optional<pipeline::Claim> claim;
  if (run.record().dry_run)
    claim.emplace(pipeline::release_dry_run(run, connections.ports()));
  pipeline::AdvanceOptions advance = advance_options({}, options.provider);
  advance.collect = false;
  throw_if_blocked(pipeline::advance(run, advance, connections.ports()));
  return print_result(context, exit_code_of_submit(run), submit_json(report), submit_text(run));
}

} // namespace

void add_submit_options(OptionSet& set, SubmitArguments& options) {
  add_selection_options(set, options.selection, options.run_dir);
  set.group("Selection");
  set.flag("--dry-run", options.dry_run, "write the files, send nothing; needs no API key");
  add_sending_options(set, options.provider);
  add_provider_options(set, options.provider);
}

pipeline::SubmitOptions
submit_options(const SelectionArguments& selection, const ProviderArguments& provider, bool dry_run) {
  if (selection.family_id.empty())
    throw Error(
        ErrorKind::usage, "--family-id or --run-dir is required",
        "--family-id UUID starts a new run, and --run-dir DIR resumes one");
  const auto scope = canonical_uuid(selection.family_id);
  if (!scope)
    throw Error(
        ErrorKind::usage, fmt::format("\"{}\" is not a valid UUID", printable(selection.family_id)),
        "a family id looks like 123e4567-e89b-12d3-a456-426614174000");
  pipeline::SubmitOptions submit;
  submit.batches_dir = std::filesystem::path(selection.batches_dir).lexically_normal();
  submit.task = entities::built_in_task();
  submit.task.request = requests::embed_request(
      selection.model, selection.dims > 0 ? std::optional(selection.dims) : std::nullopt,
      submit.task.request.dims);
  submit.scope = *scope;
  submit.task.request.encoding = selection.encoding;
  submit.version = EMBEDCTL_VERSION;
  submit.limits = {selection.max_requests, selection.max_bytes};
  if (selection.limit > 0)
    submit.limit = selection.limit;
  submit.dry_run = dry_run;
  submit.retries = {selection.max_attempts, selection.retry_failed};
  submit.parallel = provider.parallel;
  return submit;
}

int run_submit(const SubmitArguments& options, Context& context) {
  if (!options.run_dir.empty())
    return with_resume_hint("embedctl run --run-dir " + shell_quoted(options.run_dir), [&] {
      return submit_rest(options, context);
    });
  const std::string verb = options.dry_run ? "embedctl submit --dry-run" : "embedctl run";
  return with_resume_hint(
      verb + as_arguments(options.selection), [&] { return submit_new(options, context); });
}

} // namespace embedctl::cli
