#include "pipeline/submit.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/parallel.hpp"
#include "pipeline/in_flight.hpp"
#include "pipeline/row_relay.hpp"
#include "store/ledger.hpp"

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

namespace {

store::RunRecord new_record(const SubmitOptions& options, RowSource& source, Clock& clock) {
  store::RunRecord record;
  record.version = options.version;
  record.run_id = random_hex(16);
  record.created_at = clock.unix_seconds();
  record.entity = options.entity;
  record.scope = options.scope;
  record.encoding = options.encoding;
  record.database = source.identity();
  record.max_requests_per_batch = options.limits.requests;
  record.max_bytes_per_batch = options.limits.bytes;
  record.limit = options.limit;
  record.dry_run = options.dry_run;
  return record;
}

void close_selection(store::Run& run, store::SelectionState state) {
  store::RunRecord record = run.record();
  record.selection = state;
  record.rows_selected = run.rows().total();
  run.save(std::move(record));
}

// The rows of one batch of a dry run, held against what has happened since.
void check_still_open(
    const store::Run& run,
    const BatchRecord& batch,
    RowSource& source,
    const std::vector<InFlight>& in_flight) {
  const auto ledger = store::Ledger::load(run.paths(batch).rows());
  const std::string hint =
      "the dry run is out of date; make a new one, or submit without --dry-run";
  for (const InFlight& other : in_flight)
    other.keys([&](std::string_view key) {
      if (ledger.find(key))
        throw Error(
            ErrorKind::usage,
            fmt::format("rows of this dry run are in flight in run \"{}\" by now", other.run),
            hint);
    });
  std::vector<std::string> keys;
  for (std::size_t row = 0; row < ledger.size(); ++row)
    keys.emplace_back(ledger.key(row));
  const std::uint64_t open = source.count_open(keys, ledger.fingerprints());
  if (open != ledger.size())
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "{} of the {} rows of batch {:03} have got a vector or another text, or are gone,"
            " since this dry run",
            ledger.size() - open, ledger.size(), batch.number),
        hint);
}

} // namespace

SubmitReport
submit(const SubmitOptions& options, RowSource& source, BatchProvider* provider, Work work) {
  SubmitReport report;
  source.check();
  const ScopeState scope = source.look(options.scope);
  if (!scope.exists)
    throw Error(
        ErrorKind::usage,
        fmt::format("{} {} does not exist", options.entity.scope_noun, options.scope),
        fmt::format(
            "its id must be in {}.{}", options.entity.scope_table,
            options.entity.scope_key_column));
  if (scope.complete) {
    report.scope = source.count(options.scope);
    return report;
  }

  if (provider != nullptr)
    provider->check_access();
  const auto scope_lock = store::lock_scope(options.batches_dir, options.scope);
  const auto hold = source.hold(options.scope);
  Selection selection;
  selection.scope = options.scope;
  selection.limit = options.limit;
  selection.in_flight = rows_in_flight(options.batches_dir, options.entity, source.identity());

  std::optional<Sender> sender;
  std::optional<TaskPool> sending;
  std::optional<Splitter> splitter;
  const auto send_later = [&](BatchRecord& batch) {
    if (!sending || batch.requests == 0)
      return;
    work.progress.expect(Phase::upload, {batch.requests, batch.bytes});
    sending->add([&sender, &batch] { sender->send(batch); });
  };
  // The folder comes with the first row, so that an empty selection leaves none.
  const auto begin = [&] {
    report.run.emplace(
        store::Run::create(options.batches_dir, new_record(options, source, work.clock)));
    if (provider != nullptr && !options.dry_run) {
      sender.emplace(*report.run, *provider, work, options.sending.grace);
      sending.emplace(options.sending.parallel);
    }
    splitter.emplace(*report.run, options.limits, send_later, work);
  };
  work.progress.expect(Phase::select, {});
  RowRelay rows([&](const SourceRow& row) {
    if (!splitter)
      begin();
    splitter->add(row);
  });
  const auto left_out = source.select(selection, [&](const SourceRow& row) {
    work.stop.throw_if_requested(); // a block of rows may be long in coming
    rows.add(row);
  });
  rows.finish();
  for (std::size_t i = 0; i < left_out.size(); ++i)
    if (left_out[i] > 0)
      report.held.push_back({selection.in_flight[i].run, left_out[i]});
  if (!splitter) {
    report.scope = source.count(options.scope);
    return report;
  }
  splitter->finish();
  work.progress.finish(Phase::select);
  close_selection(*report.run, store::SelectionState::complete);
  if (sending) {
    sending->finish();
    work.progress.finish(Phase::upload);
    report.run->settle();
  }
  return report;
}

void send_rest(
    store::Run& run,
    RowSource* source,
    BatchProvider& provider,
    const SendOptions& options,
    bool refused_too,
    Work work) {
  if (const int dropped = run.drop_planned();
      dropped > 0 || run.record().selection == store::SelectionState::running) {
    work.progress.note(
        NoteLevel::info,
        "the selection of this run was cut short; rows it did not reach are taken up by the next"
        " submit");
    close_selection(run, store::SelectionState::interrupted);
  }
  std::optional<FileLock> scope_lock;
  std::shared_ptr<const void> hold;
  if (run.record().dry_run) {
    // "." and a bare name have no parents to take.
    const auto batches_dir = fs::canonical(run.paths().folder()).parent_path().parent_path();
    if (source == nullptr)
      throw Error(ErrorKind::internal, "a dry run is sent without a database");
    scope_lock.emplace(store::lock_scope(batches_dir, run.record().scope));
    hold = source->hold(run.record().scope);
    const auto in_flight = rows_in_flight(batches_dir, run.record().entity, run.record().database);
    for (const BatchRecord& batch : run.batches())
      if (!batch.is_sent())
        check_still_open(run, batch, *source, in_flight);
    store::RunRecord record = run.record();
    record.dry_run = false;
    run.save(std::move(record));
  }
  Sender sender(run, provider, work, options.grace);
  TaskPool sending(options.parallel);
  for (BatchRecord& batch : run.batches())
    if (!batch.is_sent() || (refused_too && batch.was_refused())) {
      work.progress.expect(Phase::upload, {batch.requests, batch.bytes});
      sending.add([&sender, &batch] { sender.send(batch); });
    }
  sending.finish();
  work.progress.finish(Phase::upload);
  run.settle();
}

} // namespace embedctl::pipeline
