#include "cli/submit_command.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "cli/common_options.hpp"
#include "cli/connections.hpp"
#include "cli/exit_code.hpp"
#include "cli/format.hpp"
#include "cli/output.hpp"
#include "cli/run_report.hpp"
#include "cli/way_on.hpp"
#include "core/text.hpp"

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
             : what + fmt::format("look with: embedctl status --run-dir {}\n", named);
}

int submit_new(const SubmitOptions& options, Context& context) {
  const auto wish = submit_wish(options.selection, options.provider, options.dry_run);
  std::optional<RemoteProvider> provider;
  if (!options.dry_run)
    provider.emplace(context, options.provider);
  const auto source = open_source(context, wish.entity);
  const auto report =
      pipeline::submit(wish, *source, provider ? provider->get() : nullptr, work_of(context));
  return print_result(
      context, report.run ? exit_code_of_submit(*report.run) : ExitCode::done, submit_json(report),
      selection_text(report, wish.entity) + (report.run ? submit_text(*report.run) : ""));
}

int submit_rest(const SubmitOptions& options, Context& context) {
  if (options.dry_run)
    throw Error(ErrorKind::usage, "--dry-run makes a new run, and --run-dir names one");
  pipeline::SubmitReport report;
  report.run.emplace(store::Run::load(options.run_dir));
  store::Run& run = *report.run;
  run.lock();
  RemoteProvider provider(context, options.provider);
  std::unique_ptr<RowSource> source;
  if (run.record().dry_run) {
    source = open_source(context, run.record().entity);
    source->check();
    check_same_database(*source, run.record());
  }
  if (all_sent(run) && run.record().selection != store::SelectionState::running)
    return print_result(
        context, exit_code_of_submit(run), submit_json(report),
        "all of it was sent already\n" + submit_text(run));
  (*provider).check_access();
  pipeline::send_rest(
      run, source.get(), *provider, send_options(options.provider), true, work_of(context));
  return print_result(context, exit_code_of_submit(run), submit_json(report), submit_text(run));
}

} // namespace

void add_submit_options(CLI::App& app, SubmitOptions& options) {
  add_selection_options(app, options.selection, options.run_dir);
  add(app, "--dry-run", options.dry_run, "Write the files, send nothing; needs no key");
  add_sending_options(app, options.provider);
  add_provider_options(app, options.provider);
}

pipeline::SubmitOptions
submit_wish(const SelectionOptions& selection, const ProviderOptions& provider, bool dry_run) {
  if (selection.family_id.empty())
    throw Error(
        ErrorKind::usage, "no family is named",
        "give --family-id UUID for a new run, or --run-dir DIR to go on with one");
  const auto scope = canonical_uuid(selection.family_id);
  if (!scope)
    throw Error(
        ErrorKind::usage, fmt::format("\"{}\" is no UUID", printable(selection.family_id)),
        "a family id looks like 123e4567-e89b-12d3-a456-426614174000");
  pipeline::SubmitOptions wish;
  wish.batches_dir = std::filesystem::path(selection.batches_dir).lexically_normal();
  wish.entity = built_in_entity();
  wish.entity.model = selection.model;
  wish.entity.dims = selection.dims;
  wish.scope = *scope;
  wish.encoding = selection.encoding;
  wish.version = EMBEDCTL_VERSION;
  wish.limits = {selection.max_requests, selection.max_bytes};
  if (selection.limit > 0)
    wish.limit = selection.limit;
  wish.dry_run = dry_run;
  wish.sending = send_options(provider);
  return wish;
}

int run_submit(const SubmitOptions& options, Context& context) {
  if (!options.run_dir.empty())
    return with_way_on("embedctl run --run-dir " + shell_quoted(options.run_dir), [&] {
      return submit_rest(options, context);
    });
  const std::string verb = options.dry_run ? "embedctl submit --dry-run" : "embedctl run";
  return with_way_on(
      verb + as_arguments(options.selection), [&] { return submit_new(options, context); });
}

} // namespace embedctl::cli
