#include "cli/run_command.hpp"

#include "base/error.hpp"
#include "cli/common_options.hpp"
#include "cli/connections.hpp"
#include "cli/exit_code.hpp"
#include "cli/format.hpp"
#include "cli/output.hpp"
#include "cli/run_report.hpp"
#include "cli/submit_command.hpp"
#include "cli/way_on.hpp"
#include "pipeline/run.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

pipeline::RunOptions run_wish(const RunOptions& options) {
  pipeline::RunOptions wish;
  wish.ingest = ingest_options(options.write, options.provider);
  wish.sending = send_options(options.provider);
  wish.poll_interval = std::chrono::seconds(options.poll_seconds);
  return wish;
}

// Before anything is sent, and hours before it comes to writing.
void check_index_wish(const RunOptions& options, const Entity& entity, Context& context) {
  const auto keeper = open_index_keeper(context, entity, options.provider);
  pipeline::check_policy(ingest_options(options.write, options.provider).index, *keeper);
}

// A locked run, taken to its end against a database that was checked.
void finish(
    store::Run& run,
    const RunOptions& options,
    RowSource& source,
    BatchProvider& provider,
    Context& context) {
  const auto sink = open_sink(context, run.record().entity, options.write, options.provider);
  warn_of_network_folder(context, run.paths().folder().string());
  const auto keeper = open_index_keeper(context, run.record().entity, options.provider);
  pipeline::run_to_end(run, run_wish(options), source, provider, *sink, *keeper, work_of(context));
}

void finish_earlier(
    store::Run& run, const RunOptions& options, BatchProvider& provider, Context& context) {
  const auto source = open_source(context, run.record().entity);
  source->check();
  check_same_database(*source, run.record());
  check_index_wish(options, run.record().entity, context);
  run.lock();
  finish(run, options, *source, provider, context);
}

std::string text_of(store::Run& run, Context& context) {
  return run_table(run, std::nullopt, context.clock) + list_hints(run);
}

int run_one(const RunOptions& options, Context& context) {
  store::Run run = store::Run::load(options.run_dir);
  RemoteProvider provider(context, options.provider);
  finish_earlier(run, options, *provider, context);
  return print_result(
      context, exit_code_of(run, std::nullopt), run_json(run, std::nullopt), text_of(run, context));
}

int run_scope(const RunOptions& options, Context& context) {
  const auto wish = submit_wish(options.selection, options.provider, false);
  RemoteProvider provider(context, options.provider);
  const auto source = open_source(context, wish.entity);
  source->check();
  check_index_wish(options, wish.entity, context);

  auto earlier = pipeline::unfinished_runs(wish.batches_dir, wish.scope);
  std::string text;
  int exit_code = ExitCode::done;
  for (store::Run& run : earlier) {
    context.progress.note(
        NoteLevel::info, fmt::format("going on with run {}", run.paths().folder().string()));
    finish_earlier(run, options, *provider, context);
    text += text_of(run, context) + "\n";
    exit_code = std::max(exit_code, exit_code_of(run, std::nullopt));
  }

  auto report = pipeline::submit(wish, *source, provider.get(), work_of(context));
  text += selection_text(report, wish.entity);
  if (report.run) {
    finish(*report.run, options, *source, *provider, context);
    text += text_of(*report.run, context);
    exit_code = std::max(exit_code, exit_code_of(*report.run, std::nullopt));
  }
  return print_result(context, exit_code, runs_json(report, earlier), text);
}

} // namespace

void add_run_options(CLI::App& app, RunOptions& options) {
  add_selection_options(app, options.selection, options.run_dir);
  add(app, "--poll-seconds", options.poll_seconds, "Seconds between two looks at the batches")
      ->check(positive_integer());
  add_write_options(app, options.write);
  add_sending_options(app, options.provider);
  add_provider_options(app, options.provider);
}

int run_run(const RunOptions& options, Context& context) {
  if (!options.run_dir.empty())
    return with_way_on("embedctl run --run-dir " + shell_quoted(options.run_dir), [&] {
      return run_one(options, context);
    });
  return with_way_on("embedctl run" + as_arguments(options.selection), [&] {
    return run_scope(options, context);
  });
}

} // namespace embedctl::cli
