#include "pipeline/ingest.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "pipeline/batch_ingest.hpp"
#include "pipeline/sender.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

namespace {

// A file that the provider names and that is empty says nothing: some name one always.
void fetch_file(
    BatchProvider& provider, const std::string& file_id, const fs::path& path, Work work) {
  if (file_id.empty())
    return;
  const fs::path part = path.string() + ".part";
  provider.download(file_id, part, [&](std::uint64_t more) {
    work.progress.advance(Phase::download, {0, more});
  });
  if (embedctl::file_size(part) == 0)
    remove_durably(part);
  else
    rename_durably(part, path);
}

void fetch(store::Run& run, BatchRecord& batch, BatchProvider& provider, Work work) {
  const auto paths = run.paths(batch);
  fetch_file(provider, batch.remote->output_file_id, paths.output(), work);
  fetch_file(provider, batch.remote->error_file_id, paths.errors(), work);
  batch.state = BatchState::downloaded;
  run.save(batch);
}

void write(
    store::Run& run,
    BatchRecord& batch,
    const IngestOptions& options,
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
    ingest.run();
  }
  batch.rows = ingest.rows();
  batch.findings = ingest.findings();
  if (batch.rows.total() != batch.requests + batch.skipped)
    throw Error(
        ErrorKind::internal,
        fmt::format(
            "the books of batch {:03} do not balance: {} rows have a state, {} were selected",
            batch.number, batch.rows.total(), batch.requests + batch.skipped));
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

void ingest_batch(
    store::Run& run,
    BatchRecord& batch,
    const IngestOptions& options,
    BatchProvider* provider,
    VectorSink& sink,
    Work work) {
  const bool take_up_again = batch.state == BatchState::ingested
                             && (options.again || options.redownload) && batch.requests > 0;
  if (batch.state < BatchState::ended || (batch.state == BatchState::ingested && !take_up_again)
      || waits_for_the_provider(batch))
    return;
  if (wants_download(batch, options)) {
    if (provider == nullptr)
      throw Error(ErrorKind::internal, "a download is due and there is no provider");
    fetch(run, batch, *provider, work);
  }
  write(run, batch, options, sink, work);
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
  if (any_with_provider(run, filter))
    poll(run, filter, *provider);
  for (BatchRecord& batch : run.batches())
    if (matches(filter, batch))
      ingest_batch(run, batch, options, provider, sink, work);
  work.progress.finish(Phase::download);
  work.progress.finish(Phase::write);
  run.settle();
}

} // namespace embedctl::pipeline
