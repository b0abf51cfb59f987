#include "pipeline/ingest.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "pipeline/batch_ingest.hpp"
#include "pipeline/downloads.hpp"
#include "pipeline/sender.hpp"
#include "pipeline/repeats.hpp"
#include "store/archive.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

namespace {

// The provider's own counts are compared and not believed.
void compare_counts(const BatchRecord& batch, std::uint64_t vectors, Work work) {
  if (!batch.remote || batch.remote->status != RemoteStatus::completed)
    return;
  const RequestCounts& counts = batch.remote->counts;
  if (counts.total == static_cast<std::int64_t>(batch.requests)
      && counts.completed == static_cast<std::int64_t>(vectors))
    return;
  work.progress.note(
      NoteLevel::warning,
      fmt::format(
          "batch {:03}: the provider counts {} of {} requests as completed, and its files hold {}"
          " valid vectors for {} rows; the files count",
          batch.number, counts.completed, counts.total, vectors, batch.requests));
}

void warn_of_findings(const BatchRecord& batch, Work work) {
  const auto warn = [&](std::uint64_t count, const char* what) {
    if (count > 0)
      work.progress.note(
          NoteLevel::warning,
          fmt::format(
              "batch {:03}: {} lines of the results {}", batch.number, human_count(count), what));
  };
  warn(batch.findings.damaged_lines, "are damaged; they are in quarantine.jsonl");
  warn(batch.findings.unknown_ids, "have an id that is none of ours; they are in quarantine.jsonl");
}

bool wants_download(const BatchRecord& batch, const IngestOptions& options) {
  if (batch.requests == 0 || !batch.remote || !batch.remote->has_files())
    return false;
  return batch.state == BatchState::ended
         || (options.redownload && batch.state > BatchState::ended);
}

// What becomes of a refused batch whose refusal waiting may mend is not decided by ingest.
bool waits_for_the_provider(const BatchRecord& batch) {
  return batch.was_refused() && remedy_for(batch) != Remedy::none;
}

bool is_to_be_done_again(const BatchRecord& batch, const IngestOptions& options) {
  return batch.is_ingested() && batch.requests > 0 && batch.has_results()
         && (options.again || options.redownload);
}

bool has_ended(const BatchRecord& batch) {
  return batch.state >= BatchState::ended && !waits_for_the_provider(batch);
}

class Ingestion {
public:
  Ingestion(
      store::Run& run,
      const BatchFilter& filter,
      const IngestOptions& options,
      BatchProvider* provider,
      VectorSink& sink,
      IndexCare& indexes,
      Work work)
      : m_run(run),
        m_options(options),
        m_brake(options.write.rows_per_second, work.clock),
        m_provider(provider),
        m_sink(sink),
        m_indexes(indexes),
        m_work(work) {
    for (BatchRecord& batch : run.batches())
      if (matches(filter, batch))
        m_batches.push_back(&batch);
  }

  // Fetches and writes what has ended.
  void write_all();

  // Packs what is ingested.
  void archive_all();

private:
  void take_up_again();
  void check_results(const BatchRecord& batch) const;
  void write(BatchRecord& batch);
  void archive(BatchRecord& batch);

  store::Run& m_run;
  const IngestOptions& m_options;
  Brake m_brake;
  BatchProvider* m_provider;
  VectorSink& m_sink;
  IndexCare& m_indexes;
  Work m_work;
  std::vector<BatchRecord*> m_batches;
};

void Ingestion::write_all() {
  take_up_again();
  std::vector<BatchRecord*> due;
  std::uint64_t rows = 0;
  for (BatchRecord* batch : m_batches)
    if (has_ended(*batch) && !batch->is_ingested()) {
      due.push_back(batch);
      rows += batch->has_results() ? batch->requests : 0;
    }
  m_indexes.expect(rows);
  Downloads downloads(m_run, m_provider, m_options.parallel, m_work);
  for (BatchRecord* batch : due)
    if (wants_download(*batch, m_options))
      downloads.add(*batch);
  for (BatchRecord* batch : due) {
    downloads.wait_for(*batch);
    if (waits_for_the_provider(*batch)) // what it named as results said nothing
      continue;
    try {
      write(*batch);
    } catch (const Error& error) {
      if (downloads.are_running())
        m_work.progress.note(
            NoteLevel::warning,
            fmt::format("{}; waiting for the downloads under way", error.what()));
      throw;
    }
  }
}

// The archives are read through before anything is said to be done again with them: one that is
// damaged leaves all as it was. From then on the run is unfinished, so that it is gone on
// with should this be cut short.
void Ingestion::take_up_again() {
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
    m_run.settle(); // first: a finished run with batches to be done would not be gone on with
  for (const BatchRecord* batch : batches)
    m_run.save(*batch);
}

void Ingestion::check_results(const BatchRecord& batch) const {
  for (const auto& file : result_files(m_run.paths(batch), batch))
    store::check_archive(file, batch, m_work.stop);
}

void Ingestion::write(BatchRecord& batch) {
  BatchIngest ingest(
      m_run.paths(batch), batch, static_cast<std::size_t>(m_run.record().entity.dims),
      m_options.write, m_brake, m_sink, m_work);
  m_work.progress.expect(Phase::write, {batch.requests, 0});
  if (batch.was_refused()) {
    const RemoteError refusal = refusal_of(batch);
    ingest.fail_all(refusal.code, refusal.message);
  } else {
    check_results(batch);
    if (batch.has_results())
      m_indexes.before_write();
    ingest.run();
    if (ingest.findings().damaged_lines > 0 && !batch.fetched_again && m_provider != nullptr) {
      // The damage may have happened on the way; what is damaged at the source stays so. What is
      // written already is found written.
      batch.fetched_again = true;
      fetch(m_run, batch, *m_provider, m_work);
      return write(batch);
    }
    compare_counts(batch, ingest.vectors(), m_work);
  }
  batch.rows = ingest.rows();
  batch.findings = ingest.findings();
  warn_of_findings(batch, m_work);
  batch.state = BatchState::ingested;
  m_run.save(batch);
}

void Ingestion::archive_all() {
  if (m_options.keep_plain)
    return;
  for (BatchRecord* batch : m_batches)
    if (batch->state == BatchState::ingested)
      archive(*batch);
}

// The rows are in the database and the plain files here, so a disk that refuses is no failure.
void Ingestion::archive(BatchRecord& batch) {
  try {
    store::archive(m_run.paths(batch), batch, m_work.stop);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::io)
      throw;
    m_work.progress.note(
        NoteLevel::warning,
        fmt::format(
            "batch {:03} is ingested and its files are not packed: {}; the next ingest of this run"
            " tries again, and --keep-plain does not",
            batch.number, error.what()));
  }
}

// What the other batches brought does not wait for one that the provider has lost.
std::optional<Error>
poll_known(store::Run& run, const BatchFilter& filter, BatchProvider* provider, Work work) {
  if (any_with_provider(run, filter))
    try {
      poll(run, filter, *provider, work);
    } catch (const Error& error) {
      if (!is_unknown_batch(error))
        throw;
      return error;
    }
  return std::nullopt;
}

} // namespace

bool needs_provider(
    const store::Run& run, const BatchFilter& filter, const IngestOptions& options) {
  return std::any_of(run.batches().begin(), run.batches().end(), [&](const BatchRecord& batch) {
    return matches(filter, batch)
           && (batch.state == BatchState::submitted || wants_download(batch, options));
  });
}

void ingest(
    store::Run& run,
    const BatchFilter& filter,
    const IngestOptions& options,
    BatchProvider* provider,
    VectorSink& sink,
    IndexKeeper& keeper,
    Work work) {
  IndexCare indexes(run, options.index, keeper, work);
  Ingestion ingestion(run, filter, options, provider, sink, indexes, work);
  std::optional<Error> unknown;
  try {
    unknown = poll_known(run, filter, provider, work);
    if (!options.together || unknown
        || std::all_of(run.batches().begin(), run.batches().end(), has_ended))
      ingestion.write_all();
    work.progress.finish(Phase::download);
    work.progress.finish(Phase::write);
  } catch (const Error& error) {
    indexes.bring_back_after(error);
    throw;
  } catch (const std::exception& error) {
    indexes.bring_back_after(Error(ErrorKind::internal, error.what()));
    throw;
  }
  indexes.bring_back();
  ingestion.archive_all();
  run.settle();
  if (unknown)
    throw *unknown;
}

} // namespace embedctl::pipeline
