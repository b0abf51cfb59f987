#include "pipeline/ingest.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "pipeline/batch_ingest.hpp"
#include "pipeline/downloads.hpp"
#include "pipeline/sender.hpp"
#include "store/archive.hpp"

#include <algorithm>
#include <optional>

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

void write(
    store::Run& run,
    BatchRecord& batch,
    const IngestOptions& options,
    BatchProvider* provider,
    VectorSink& sink,
    Work work) {
  BatchIngest ingest(
      run.paths(batch), batch, static_cast<std::size_t>(run.record().entity.dims), options.write,
      sink, work);
  work.progress.expect(Phase::write, {batch.requests, 0});
  if (batch.was_refused()) {
    const RemoteError refusal = refusal_of(batch);
    ingest.fail_all(refusal.code, refusal.message);
  } else {
    ingest.run();
    if (ingest.findings().damaged_lines > 0 && !batch.fetched_again && provider != nullptr) {
      // The damage may have happened on the way; what is damaged at the source stays so. What is
      // written already is found written.
      batch.fetched_again = true;
      fetch(run, batch, *provider, work);
      return write(run, batch, options, provider, sink, work);
    }
    compare_counts(batch, ingest.vectors(), work);
  }
  batch.rows = ingest.rows();
  batch.findings = ingest.findings();
  warn_of_findings(batch, work);
  batch.state = BatchState::ingested;
  run.save(batch);
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

// What was done is to be done again: from now on the run is unfinished, so that it is gone on with
// should this be cut short.
void reopen(store::Run& run, BatchRecord& batch) {
  batch.state = BatchState::downloaded;
  run.save(batch);
  run.settle();
}

bool wants_again(const BatchRecord& batch, const IngestOptions& options) {
  return batch.is_ingested() && batch.requests > 0 && batch.has_results()
         && (options.again || options.redownload);
}

// The archives are read through before anything is said to be done again with them: one that is
// damaged leaves the batch as it was.
void take_up_again(store::Run& run, BatchRecord& batch, const IngestOptions& options, Work work) {
  if (!options.redownload)
    store::check_archives(run.paths(batch), batch, work.stop);
  reopen(run, batch);
}

// The rows are in the database and the plain files here, so a disk that refuses is no failure.
void archive(store::Run& run, BatchRecord& batch, Work work) {
  try {
    store::archive(run.paths(batch), batch, work.stop);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::io)
      throw;
    work.progress.note(
        NoteLevel::warning,
        fmt::format(
            "batch {:03} is ingested and its files are not packed: {}; the next ingest of this run"
            " tries again, and --keep-plain does not",
            batch.number, error.what()));
  }
}

void take_on(
    store::Run& run,
    BatchRecord& batch,
    const IngestOptions& options,
    BatchProvider* provider,
    VectorSink& sink,
    Work work) {
  if (batch.state < BatchState::ended)
    return;
  if (!batch.is_ingested() && !waits_for_the_provider(batch))
    write(run, batch, options, provider, sink, work);
  if (batch.state == BatchState::ingested && !options.keep_plain)
    archive(run, batch, work);
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
    Work work) {
  // What the other batches brought does not wait for one that the provider has lost.
  std::optional<Error> unknown;
  if (any_with_provider(run, filter))
    try {
      poll(run, filter, *provider, work);
    } catch (const Error& error) {
      if (!is_unknown_batch(error))
        throw;
      unknown.emplace(error);
    }
  for (BatchRecord& batch : run.batches())
    if (matches(filter, batch) && wants_again(batch, options))
      take_up_again(run, batch, options, work);
  Downloads downloads(run, provider, options.parallel, work);
  for (BatchRecord& batch : run.batches())
    if (matches(filter, batch) && !batch.is_ingested() && wants_download(batch, options))
      downloads.add(batch);
  for (BatchRecord& batch : run.batches())
    if (matches(filter, batch)) {
      downloads.wait_for(batch);
      take_on(run, batch, options, provider, sink, work);
    }
  work.progress.finish(Phase::download);
  work.progress.finish(Phase::write);
  run.settle();
  if (unknown)
    throw *unknown;
}

} // namespace embedctl::pipeline
