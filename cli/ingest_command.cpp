#include "cli/ingest_command.hpp"

#include "base/error.hpp"
#include "cli/connections.hpp"
#include "cli/exit_code.hpp"
#include "cli/format.hpp"
#include "cli/output.hpp"
#include "cli/resume_hint.hpp"
#include "cli/run_report.hpp"
#include "pipeline/advance.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

bool waits_for_submit(const store::BatchRecord& batch) {
  return !batch.is_sent() || batch.was_refused();
}

// Ingesting again does not move on what only submit or run sends.
int exit_code_of_ingest(const store::Run& run, const pipeline::BatchFilter& filter) {
  const auto& batches = run.batches();
  const bool waits = std::any_of(batches.begin(), batches.end(), [&](const auto& batch) {
    return pipeline::matches(filter, batch) && waits_for_submit(batch);
  });
  return waits ? ExitCode::failed : exit_code_of(run, filter);
}

std::string not_ready_text(const store::Run& run, const pipeline::BatchFilter& filter) {
  const std::string folder = shell_quoted(run.paths().folder().string());
  std::string text;
  for (const store::BatchRecord& batch : run.batches()) {
    if (!pipeline::matches(filter, batch) || batch.is_ingested())
      continue;
    text += fmt::format("batch {:03} is not ready: ", batch.number);
    if (!batch.is_sent())
      text += fmt::format("not sent yet; send it with: embedctl submit --run-dir {}\n", folder);
    else if (batch.was_refused())
      text += fmt::format("refused; resend it with: embedctl submit --run-dir {}\n", folder);
    else
      text += batch.remote ? batch.remote->status_text + "\n" : "with the provider\n";
  }
  return text;
}

void check_dims(const store::Run& run, int dims) {
  if (dims != 0 && dims != run.record().task.request.dims)
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "this run's vectors have {} dimensions, but --dims is {}", run.record().task.request.dims,
            dims),
        "omit --dims: all vectors of a run have the same width");
}

int ingest_target(const IngestArguments& options, Context& context, const Target& target) {
  store::Run run = store::Run::load(target.run_dir);
  check_dims(run, options.dims);
  run.lock();
  warn_of_network_folder(context, target.run_dir);
  pipeline::check_filter(run, target.batch);
  Connections connections(
      context, run.record().task, options.write, options.provider,
      executor_options(options.provider));
  connections.source().check();
  check_same_database(connections.source(), run.record());
  pipeline::AdvanceOptions advance = advance_options(options.write, options.provider);
  advance.only = target.batch;
  advance.send = false;
  advance.apply.lock_patience = std::nullopt;
  advance.apply.apply_again = options.apply_again;
  advance.apply.give_up_as = options.accept_missing ? "no_result" : "";
  pipeline::check_policy(advance.apply.index, connections.indexes());
  throw_if_blocked(pipeline::advance(run, advance, connections.ports()));
  return print_result(
      context, exit_code_of_ingest(run, target.batch), run_json(run, target.batch),
      row_totals(run.rows()) + "\n" + not_ready_text(run, target.batch) + list_hints(run));
}

} // namespace

void add_ingest_options(OptionSet& set, IngestArguments& options) {
  add_target_options(set, options.target);
  set.number("--dims N", options.dims, 0, 16'000, "fail unless the run's vectors have N dimensions")
      .shows_default("0, any");
  add_write_options(set, options.write);
  set.flag(
      "--apply-again", options.apply_again,
      "write the answers again of batches with failed rows, for rows that the database refused");
  set.flag(
      "--accept-missing", options.accept_missing,
      "fail rows whose results the provider counts but does not give; later runs pay for them again");
  add_parallel_option(set, options.provider);
  add_provider_options(set, options.provider);
}

int run_ingest(const IngestArguments& options, Context& context) {
  const Target target = target_of(options.target);
  return with_resume_hint("embedctl ingest --run-dir " + shell_quoted(target.run_dir), [&] {
    return ingest_target(options, context, target);
  });
}

} // namespace embedctl::cli
