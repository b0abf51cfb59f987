#include "pipeline/cancel.hpp"

#include "base/error.hpp"
#include "pipeline/account.hpp"
#include "pipeline/batch_ingest.hpp"
#include "pipeline/sender.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

namespace {

// The provider may have it, or has a file of it.
bool is_with_provider(const BatchRecord& batch) {
  return batch.state >= BatchState::uploading && batch.state <= BatchState::submitted;
}

// Nothing of it runs: its rows are free.
bool is_unsent(const BatchRecord& batch) {
  return batch.state < BatchState::submitted || waits_to_be_resent(batch);
}

void settle_unsent(
    store::Run& run, BatchRecord& batch, const AdvanceOptions& options, const Ports& ports) {
  Brake brake(0, ports.runtime.clock);
  BatchIngest ingest(
      run.paths(batch), batch, run.record().task.request, options.apply.write, brake, ports.sink,
      ports.runtime);
  ingest.fail_all("batch_cancelled", "cancelled before it was sent");
  batch.rows = ingest.rows();
  batch.failures_counted = true; // nothing ran, so there is nothing to count
  batch.state = BatchState::ingested;
  run.save(batch);
}

} // namespace

void cancel(store::Run& run, const AdvanceOptions& options, const Ports& ports) {
  run.drop_planned();
  if (run.record().selection == store::SelectionState::running)
    run.close_selection(store::SelectionState::interrupted);
  auto& batches = run.batches();
  if (std::any_of(batches.begin(), batches.end(), is_with_provider))
    check_account(run, ports.executor, options.apply.provider_moved);
  for (BatchRecord& batch : batches) {
    ports.runtime.stop.throw_if_requested();
    if (is_with_provider(batch))
      ports.executor.cancel(run, batch);
    if (is_unsent(batch))
      settle_unsent(run, batch, options, ports);
  }
  run.settle();
}

} // namespace embedctl::pipeline
