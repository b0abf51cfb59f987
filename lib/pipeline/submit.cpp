#include "pipeline/submit.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "pipeline/in_flight.hpp"
#include "pipeline/row_relay.hpp"
#include "store/ledger.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

namespace {

// The largest LIMIT that Postgres accepts.
constexpr std::uint64_t k_most_rows = std::numeric_limits<std::int64_t>::max();

store::RunRecord new_record(const SubmitOptions& options, const Ports& ports) {
  store::RunRecord record;
  record.version = options.version;
  record.run_id = random_hex(16);
  record.created_at = ports.runtime.clock.unix_seconds();
  record.task = options.task;
  record.scope = options.scope;
  record.database = ports.source.identity();
  record.table = ports.source.table();
  if (!options.dry_run)
    record.provider = ports.executor.identity();
  record.max_requests_per_batch = options.limits.requests;
  record.max_bytes_per_batch = options.limits.bytes;
  record.limit = options.limit;
  record.dry_run = options.dry_run;
  return record;
}

// Checks the rows of one batch of a dry run against changes since.
void check_still_open(
    const store::Run& run,
    const BatchRecord& batch,
    RowSource& source,
    const std::vector<InFlight>& in_flight) {
  const auto ledger = store::Ledger::load(run.paths(batch).rows());
  const std::string hint = "make a new dry run, or submit without --dry-run";
  for (const InFlight& other : in_flight)
    other.keys([&](std::string_view key) {
      if (ledger.find_row(key))
        throw Error(
            ErrorKind::usage,
            fmt::format("rows of this dry run are already in flight ({})", other.run), hint);
    });
  std::vector<std::string> keys;
  for (std::size_t row = 0; row < ledger.rows(); ++row)
    keys.emplace_back(ledger.key(row));
  const std::uint64_t open = source.count_unchanged(keys, ledger.fingerprints()).open;
  if (open != ledger.rows())
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "{} of the {} rows of batch {:03} were filled, edited or deleted since this dry run",
            ledger.rows() - open, ledger.rows(), batch.number),
        hint);
}

} // namespace

SubmitReport submit(const SubmitOptions& options, const Ports& ports) {
  SubmitReport report;
  RowSource& source = ports.source;
  source.check();
  const RowSet rows = RowsOfScope{options.scope};
  const RowSetState scope = source.look(rows);
  if (!scope.exists)
    throw Error(
        ErrorKind::usage,
        fmt::format("{} {} does not exist", options.task.scopes.noun, options.scope),
        fmt::format(
            "its id must be in {}.{}", options.task.scopes.table, options.task.scopes.key_column));
  if (scope.complete) {
    report.scope = source.count(rows);
    return report;
  }

  if (!options.dry_run) {
    source.check_writable(rows);
    ports.executor.check_access(options.task.request);
  }
  const auto place = store::place_of(options.batches_dir, options.task, options.scope);
  const Claim claim(place, source, rows);
  const store::RunRecord record = new_record(options, ports);
  Selection selection;
  selection.rows = rows;
  selection.to_be_sent = !options.dry_run;
  selection.in_flight = rows_in_flight(options.batches_dir, record);
  const auto screen =
      std::make_shared<Screen>(store::failures_file(place), options.task.request, options.retries);
  // Rows that are left out take no place of the limit.
  if (options.limit)
    selection.limit =
        *options.limit + std::min<std::uint64_t>(screen->size(), k_most_rows - *options.limit);

  std::optional<Movement> movement;
  const auto send = [&](BatchRecord& batch) {
    if (!movement || batch.requests == 0)
      return;
    ports.runtime.progress.expect(Phase::upload, {batch.asked, batch.bytes});
    movement->add(batch);
  };
  const auto begin = [&]() -> store::Run& {
    report.run.emplace(store::Run::create(options.batches_dir, record));
    ports.runtime.progress.note(
        NoteLevel::info, fmt::format("run folder: {}", report.run->paths().folder().string()));
    if (!options.dry_run)
      movement.emplace(*report.run, ports.executor, options.parallel, ports.runtime.stop);
    return *report.run;
  };
  const auto skip = [&](const SourceRow& row, std::string_view reason) {
    return screen->tells(row, reason, record.created_at);
  };
  Splitter splitter(record, options.limits, {begin, send, skip}, ports.runtime);
  ports.runtime.progress.expect(Phase::select, {});
  RowRelay relay([&](const SourceRow& row) {
    if ((!options.limit || splitter.rows() < *options.limit) && screen->admits(row))
      splitter.add(row);
  });
  const auto left_out = source.select(selection, [&](const SourceRow& row) {
    ports.runtime.stop.throw_if_requested(); // a block of rows may be long in coming
    relay.add(row);
  });
  relay.finish();
  for (std::size_t i = 0; i < left_out.size(); ++i)
    if (left_out[i] > 0)
      report.held.push_back({selection.in_flight[i].run, left_out[i]});
  splitter.finish();
  ports.runtime.progress.finish(Phase::select);
  report.set_aside = screen->left_out();
  report.skipped = screen->told();
  if (!options.dry_run)
    report.remember_told = [screen, &clock = ports.runtime.clock] { screen->remember_told(clock); };
  if (!report.run) {
    report.scope = source.count(rows);
    return report;
  }
  report.run->close_selection(store::SelectionState::complete);
  if (movement) {
    const Tally tally = movement->finish();
    ports.runtime.progress.finish(Phase::upload);
    report.run->settle();
    report.outcome = tally.outcome();
    report.remember_told();
  }
  return report;
}

Claim::Claim(const std::filesystem::path& place, RowSource& source, const RowSet& rows)
    : m_place(store::lock_place(place)), m_rows(source.hold(rows)) {}

Claim release_dry_run(store::Run& run, const Ports& ports) {
  const auto batches_dir = store::batches_dir_of(run);
  const std::string& scope = run.record().scope;
  Claim claim(
      store::place_of(batches_dir, run.record().task, scope), ports.source, RowsOfScope{scope});
  const auto in_flight = rows_in_flight(batches_dir, run.record());
  for (const BatchRecord& batch : run.batches())
    if (!batch.is_sent())
      check_still_open(run, batch, ports.source, in_flight);
  store::RunRecord record = run.record();
  record.dry_run = false;
  run.save(std::move(record));
  return claim;
}

} // namespace embedctl::pipeline
