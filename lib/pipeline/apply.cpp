#include "pipeline/apply.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "pipeline/account.hpp"
#include "pipeline/batch_ingest.hpp"
#include "pipeline/books.hpp"
#include "pipeline/downloads.hpp"
#include "pipeline/failed_rows.hpp"
#include "pipeline/fetch.hpp"
#include "pipeline/notes_only.hpp"
#include "pipeline/repeats.hpp"
#include "pipeline/sender.hpp"
#include "store/archive.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

namespace {

// The provider's counts are compared, but the files decide.
void compare_counts(const BatchRecord& batch, std::uint64_t vectors, Runtime runtime) {
  if (!batch.remote || batch.remote->status != RemoteStatus::completed)
    return;
  const RequestCounts& counts = batch.remote->counts;
  if (counts.total == static_cast<std::int64_t>(batch.requests)
      && counts.completed == static_cast<std::int64_t>(vectors))
    return;
  runtime.progress.note(
      NoteLevel::warning,
      fmt::format(
          "batch {:03}: the provider counts {} of {} requests as completed, and its files hold {}"
          " valid vectors for {} requests; the files count",
          batch.number, counts.completed, counts.total, vectors, batch.requests));
}

void warn_of_findings(const BatchRecord& batch, Runtime runtime) {
  const auto warn = [&](std::uint64_t count, const char* what) {
    if (count > 0)
      runtime.progress.note(
          NoteLevel::warning,
          fmt::format(
              "batch {:03}: {} lines of the results {}", batch.number, human_count(count), what));
  };
  warn(batch.findings.damaged_lines, "are damaged; they are in quarantine.jsonl");
  warn(batch.findings.unknown_ids, "have an unknown custom_id; they are in quarantine.jsonl");
}

// What is about to be given up is asked for once more.
Fetch how_to_fetch(const BatchRecord& batch, const ApplyOptions& options) {
  return batch.was_refused() || options.redownload || !options.give_up_as.empty() ? Fetch::anew
                                                                             : Fetch::as_recorded;
}

bool wants_download(const BatchRecord& batch, const ApplyOptions& options) {
  if (batch.requests == 0 || !batch.remote)
    return false;
  if (!batch.remote->has_files() && how_to_fetch(batch, options) == Fetch::as_recorded)
    return false;
  return batch.state == BatchState::ended
         || (options.redownload && batch.state > BatchState::ended);
}

// After a refusal on second thought, or because it has not ended after all.
bool is_back_at_provider(const BatchRecord& batch) {
  return batch.state == BatchState::submitted || waits_to_be_resent(batch);
}

// Large files are not fetched again in every pass.
bool is_on_hold(const BatchRecord& batch, const ApplyOptions& options, Clock& clock) {
  constexpr std::int64_t k_seconds = 15 * 60;
  if (!batch.unsettled || options.redownload || !options.give_up_as.empty())
    return false;
  const std::int64_t age = clock.unix_seconds() - batch.unsettled->at;
  return age >= 0 && age < k_seconds;
}

bool is_to_be_done_again(const BatchRecord& batch, const ApplyOptions& options) {
  return batch.is_ingested() && batch.requests > 0 && batch.has_results()
         && (options.overwrite || options.redownload
             || (options.apply_again && batch.rows[RowState::failed] > 0));
}

} // namespace

Application::Application(
    store::Run& run,
    const BatchFilter& filter,
    const ApplyOptions& options,
    const Ports& ports,
    IndexCare& indexes)
    : m_run(run),
      m_options(options),
      m_ports(ports),
      m_brake(options.write.rows_per_second, ports.runtime.clock),
      m_indexes(indexes) {
  for (BatchRecord& batch : run.batches())
    if (matches(filter, batch))
      m_batches.push_back(&batch);
}

void Application::write_all(Tally& tally) {
  take_up_again();
  std::vector<BatchRecord*> due;
  std::uint64_t rows = 0;
  for (BatchRecord* batch : m_batches) {
    if (!has_ended(*batch) || batch->is_ingested()
        || (tally.has_general_failure() && wants_download(*batch, m_options)))
      continue;
    if (is_on_hold(*batch, m_options, m_ports.runtime.clock)) {
      tally.add_held(unsettled_error(m_run, *batch));
      continue;
    }
    if (m_options.redownload)
      batch->unsettled.reset();
    due.push_back(batch);
    rows += batch->has_results() ? batch->asked : 0;
  }
  m_indexes.expect(rows);
  if (std::any_of(due.begin(), due.end(), [&](const BatchRecord* batch) {
        return wants_download(*batch, m_options);
      }))
    check_account(m_run, m_ports.executor, m_options.provider_moved);
  Downloads downloads(m_run, m_ports.executor, m_options.parallel, m_ports.runtime.stop);
  for (BatchRecord* batch : due)
    if (wants_download(*batch, m_options))
      downloads.add(*batch, how_to_fetch(*batch, m_options));
  for (BatchRecord* batch : due) {
    try {
      downloads.wait_for(*batch);
    } catch (const Error& error) {
      if (is_lost_file(error) && m_options.give_up_as.empty()) {
        hold(*batch, error.what(), true, tally);
        continue;
      }
      if (!is_lost_file(error)) {
        tally.add(error);
        if (tally.has_general_failure())
          throw;
        continue;
      }
    }
    if (is_back_at_provider(*batch)) {
      tally.add(WaitUntil{m_ports.runtime.clock.steady()});
      continue;
    }
    try {
      if (!write(*batch))
        m_unsettled.push_back(batch);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::database) { // it may be about this batch alone
        tally.add(error);
        continue;
      }
      if (downloads.are_running())
        m_ports.runtime.progress.note(
            NoteLevel::warning,
            fmt::format("{}; waiting for the downloads under way", error.what()));
      throw;
    }
  }
  come_back(tally);
}

// Verifies the archives before anything is marked for reprocessing, so that a damaged one changes
// nothing. Marked batches make the run unfinished, so that it resumes after an interruption.
void Application::take_up_again() {
  std::vector<BatchRecord*> batches;
  for (BatchRecord* batch : m_batches)
    if (is_to_be_done_again(*batch, m_options))
      batches.push_back(batch);
  if (!m_options.redownload)
    for (const BatchRecord* batch : batches)
      check_results(*batch);
  for (BatchRecord* batch : batches) {
    batch->state = BatchState::downloaded;
    m_settled.insert(batch);
  }
  if (!batches.empty())
    m_run.settle(); // first: a finished run is not resumed
  for (const BatchRecord* batch : batches)
    m_run.save(*batch);
}

void Application::check_results(const BatchRecord& batch) const {
  for (const auto& file : result_files(m_run.paths(batch), batch))
    store::check_archive(file, batch, m_ports.runtime.stop);
}

// Returns false if results are missing; then the rows that have one are written all the same.
bool Application::write(BatchRecord& batch) {
  NotesOnly notes_only(m_ports.runtime.progress);
  Runtime runtime{
      m_ports.runtime.clock, m_comes_back ? notes_only : m_ports.runtime.progress,
      m_ports.runtime.stop};
  BatchIngest ingest(
      m_run.paths(batch), batch, m_run.record().task.request, m_options.write, m_brake,
      m_ports.sink, runtime);
  runtime.progress.expect(Phase::write, {batch.asked, 0});
  bool is_settled = true;
  if (batch.was_refused()) {
    const RemoteError refusal = refusal_of(batch);
    ingest.fail_all(refusal.code, refusal.message);
  } else {
    check_results(batch);
    if (batch.has_results())
      m_indexes.before_write();
    is_settled = ingest.run(
        m_options.give_up_as.empty() ? "no_result" : m_options.give_up_as,
        [&](std::uint64_t answered) { return may_fail_missing(batch, answered); });
    if (put_off(batch, ingest))
      return true;
  }
  if (is_settled && !batch.was_refused())
    remember_failures(m_run, batch, m_ports.runtime);
  batch.rows = ingest.rows();
  batch.findings = ingest.findings();
  batch.state = is_settled ? BatchState::ingested : BatchState::ended;
  if (is_settled) {
    batch.unsettled.reset();
    compare_counts(batch, ingest.vectors(), m_ports.runtime);
    warn_of_findings(batch, m_ports.runtime);
  }
  m_run.save(batch);
  return is_settled;
}

// What the provider said in its first answer is not enough: one wrong answer would pay for the rows
// twice.
bool Application::may_fail_missing(const BatchRecord& batch, std::uint64_t answered) {
  if (!m_options.give_up_as.empty() || m_settled.contains(&batch))
    return true;
  return batch.fetched_again && has_no_more(batch, answered)
         && m_ports.executor.has_whole_answers(m_run, batch);
}

void Application::archive_all() {
  if (m_options.keep_plain)
    return;
  for (BatchRecord* batch : m_batches)
    if (batch->state == BatchState::ingested)
      archive(*batch);
}

// The rows are in the database and the plain files on disk, so a disk error is not a failure.
void Application::archive(BatchRecord& batch) {
  try {
    store::archive(m_run.paths(batch), batch, m_ports.runtime.stop);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::io)
      throw;
    m_ports.runtime.progress.note(
        NoteLevel::warning, fmt::format(
                                "batch {:03} is ingested, but its files could not be packed: {}; "
                                "the next ingest of this run"
                                " retries; --keep-plain turns packing off",
                                batch.number, error.what()));
  }
}

} // namespace embedctl::pipeline
