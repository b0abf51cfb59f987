#include "pipeline/ingest.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "pipeline/batch_ingest.hpp"
#include "pipeline/sender.hpp"
#include "store/archive.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

namespace {

// Room for what a download needs besides the file itself, whose size is not known before it comes.
constexpr std::uint64_t k_least_free_bytes = std::uint64_t{16} << 20;

// A file that the provider names and that is empty says nothing: some name one always.
void fetch_file(
    BatchProvider& provider, const std::string& file_id, const fs::path& path, Work work) {
  if (file_id.empty())
    return;
  require_free_bytes(path.parent_path(), k_least_free_bytes);
  const fs::path part = path.string() + ".part";
  provider.download(file_id, part, [&](std::uint64_t more) {
    work.progress.advance(Phase::download, {0, more});
  });
  if (embedctl::file_size(part) == 0)
    remove_durably(part);
  else
    rename_durably(part, path);
}

// Why rows failed is worth less than the vectors of the others: these do not wait for an error
// file that the provider has lost.
void fetch_errors(
    BatchProvider& provider, const BatchRecord& batch, const fs::path& path, Work work) {
  try {
    fetch_file(provider, batch.remote->error_file_id, path, work);
  } catch (const Error& error) {
    if (!error.provider || error.provider->http_status != 404)
      throw;
    work.progress.note(
        NoteLevel::warning,
        fmt::format(
            "batch {:03}: the provider no longer has the error file; rows without a result fail"
            " without its reasons",
            batch.number));
  }
}

void fetch(store::Run& run, BatchRecord& batch, BatchProvider& provider, Work work) {
  const auto paths = run.paths(batch);
  fetch_file(provider, batch.remote->output_file_id, paths.output(), work);
  fetch_errors(provider, batch, paths.errors(), work);
  if (batch.remote->status == RemoteStatus::failed && result_files(paths, batch).empty()) {
    // It named files, and they say nothing: refused as a whole like any other.
    batch.remote->output_file_id.clear();
    batch.remote->error_file_id.clear();
  } else {
    batch.state = BatchState::downloaded;
  }
  run.save(batch);
}

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
      run.paths(batch), batch, static_cast<std::size_t>(run.record().entity.dims),
      options.chunk_size, sink, work);
  work.progress.expect(Phase::write, {batch.requests, 0});
  if (batch.was_refused()) {
    const RemoteError refusal = refusal_of(batch);
    ingest.fail_all(refusal.code, refusal.message);
  } else {
    if (ingest.survey().findings.damaged_lines > 0 && !batch.fetched_again && provider != nullptr) {
      // The damage may have happened on the way; what is damaged at the source stays so.
      batch.fetched_again = true;
      fetch(run, batch, *provider, work);
      ingest.survey();
    }
    ingest.run();
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

void take_to_ingested(
    store::Run& run,
    BatchRecord& batch,
    const IngestOptions& options,
    BatchProvider* provider,
    VectorSink& sink,
    Work work) {
  if (batch.is_ingested() && batch.requests > 0 && batch.has_results()
      && (options.again || options.redownload))
    take_up_again(run, batch, options, work);
  if (batch.state < BatchState::ended || batch.is_ingested())
    return;
  if (wants_download(batch, options)) {
    if (provider == nullptr)
      throw Error(ErrorKind::internal, "a download is due and there is no provider");
    fetch(run, batch, *provider, work);
  }
  if (!waits_for_the_provider(batch))
    write(run, batch, options, provider, sink, work);
}

void take_on(
    store::Run& run,
    BatchRecord& batch,
    const IngestOptions& options,
    BatchProvider* provider,
    VectorSink& sink,
    Work work) {
  take_to_ingested(run, batch, options, provider, sink, work);
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
    if (matches(filter, batch))
      take_on(run, batch, options, provider, sink, work);
  work.progress.finish(Phase::download);
  work.progress.finish(Phase::write);
  run.settle();
  if (unknown)
    throw *unknown;
}

} // namespace embedctl::pipeline
