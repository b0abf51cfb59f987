#include "pipeline/apply.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "pipeline/account.hpp"
#include "pipeline/batch_ingest.hpp"
#include "pipeline/downloads.hpp"
#include "pipeline/failed_rows.hpp"
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

bool wants_download(const BatchRecord& batch, const ApplyOptions& options) {
  if (batch.requests == 0 || !batch.remote || !batch.remote->has_files())
    return false;
  return batch.state == BatchState::ended
         || (options.redownload && batch.state > BatchState::ended);
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
  for (BatchRecord* batch : m_batches)
    if (has_ended(*batch) && !batch->is_ingested()
        && !(tally.has_general_failure() && wants_download(*batch, m_options))) {
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
      downloads.add(*batch);
  for (BatchRecord* batch : due) {
    try {
      downloads.wait_for(*batch);
    } catch (const Error& error) {
      tally.add(error);
      if (tally.has_general_failure())
        throw;
      continue;
    }
    if (waits_to_be_resent(*batch)) // what it named as results said nothing
      continue;
    try {
      write(*batch);
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
  for (BatchRecord* batch : batches)
    batch->state = BatchState::downloaded;
  if (!batches.empty())
    m_run.settle(); // first: a finished run is not resumed
  for (const BatchRecord* batch : batches)
    m_run.save(*batch);
}

void Application::check_results(const BatchRecord& batch) const {
  for (const auto& file : result_files(m_run.paths(batch), batch))
    store::check_archive(file, batch, m_ports.runtime.stop);
}

void Application::write(BatchRecord& batch) {
  NotesOnly notes_only(m_ports.runtime.progress);
  Runtime runtime{
      m_ports.runtime.clock, m_comes_back ? notes_only : m_ports.runtime.progress,
      m_ports.runtime.stop};
  BatchIngest ingest(
      m_run.paths(batch), batch, m_run.record().task.request, m_options.write, m_brake,
      m_ports.sink, runtime);
  runtime.progress.expect(Phase::write, {batch.asked, 0});
  if (batch.was_refused()) {
    const RemoteError refusal = refusal_of(batch);
    ingest.fail_all(refusal.code, refusal.message);
  } else {
    check_results(batch);
    if (batch.has_results())
      m_indexes.before_write();
    ingest.run();
    if (ingest.findings().damaged_lines > 0 && fetch_again(batch))
      return write(batch); // what is written already is found written
    if (put_off(batch, ingest))
      return;
    compare_counts(batch, ingest.vectors(), m_ports.runtime);
  }
  if (!batch.was_refused())
    remember_failures(m_run, batch, m_ports.runtime);
  batch.rows = ingest.rows();
  batch.findings = ingest.findings();
  warn_of_findings(batch, m_ports.runtime);
  batch.state = BatchState::ingested;
  m_run.save(batch);
}

// Refetches once: damage in transit is repaired, damage at the source stays. Without an API key,
// the damaged file is used as it is.
bool Application::fetch_again(BatchRecord& batch) {
  if (batch.fetched_again)
    return false;
  try {
    batch.fetched_again = true;
    m_ports.executor.fetch(m_run, batch);
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage)
      throw;
    batch.fetched_again = false;
    return false;
  }
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
