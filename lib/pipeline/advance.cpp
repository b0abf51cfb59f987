#include "pipeline/advance.hpp"

#include "pipeline/account.hpp"
#include "pipeline/copies.hpp"
#include "pipeline/movement.hpp"
#include "pipeline/remote_files.hpp"
#include "pipeline/replace.hpp"
#include "pipeline/sender.hpp"

#include <algorithm>
#include <vector>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

namespace {

// The process died during selection: what it wrote is complete, and is all there is.
void close_interrupted_selection(store::Run& run, Runtime runtime) {
  const int dropped = run.drop_planned();
  if (dropped == 0 && run.record().selection != store::SelectionState::running)
    return;
  runtime.progress.note(
      NoteLevel::info,
      "the selection of this run was interrupted; the next submit selects the rows it did not"
      " reach");
  run.close_selection(store::SelectionState::interrupted);
}

bool is_to_be_moved(const BatchRecord& batch, const AdvanceOptions& options) {
  const bool is_to_be_sent = !batch.is_sent() || batch.was_refused();
  return matches(options.only, batch) && batch.state <= BatchState::ended
         && (is_to_be_sent ? options.send : options.collect);
}

Tally move_batches(store::Run& run, const AdvanceOptions& options, const Ports& ports) {
  std::vector<BatchRecord*> batches;
  for (BatchRecord& batch : run.batches())
    if (is_to_be_moved(batch, options))
      batches.push_back(&batch);
  if (batches.empty())
    return {};
  if (std::any_of(batches.begin(), batches.end(), [](const BatchRecord* batch) {
        return !batch->is_sent() || batch->was_refused();
      }))
    ports.source.check_writable(RowsOfScope{run.record().scope});
  check_account(run, ports.executor, options.apply.provider_moved);
  if (std::ranges::any_of(batches, [](const BatchRecord* batch) {
        return !batch->is_sent() || batch->was_refused();
      }))
    require_no_copy(run);
  Movement movement(run, ports.executor, options.parallel, ports.runtime.stop);
  for (BatchRecord* batch : batches) {
    if (!batch->is_sent())
      ports.runtime.progress.expect(Phase::upload, {batch->asked, batch->bytes});
    movement.add(*batch);
  }
  Tally tally = movement.finish();
  ports.runtime.progress.finish(Phase::upload);
  return tally;
}

// Returns whether there are new batches to send.
bool replace_refused(store::Run& run, const AdvanceOptions& options, const Ports& ports) {
  if (!options.send || ports.runtime.stop.requested())
    return false;
  std::vector<BatchRecord*> refused;
  for (BatchRecord& batch : run.batches())
    if (matches(options.only, batch) && is_to_be_replaced(batch))
      refused.push_back(&batch);
  if (refused.empty())
    return false;
  check_account(run, ports.executor, options.apply.provider_moved);
  require_no_copy(run);
  bool has_new = false;
  for (BatchRecord* batch : refused)
    if (ports.executor.confirms_refusal(run, *batch) && is_to_be_replaced(*batch)) {
      replace(run, *batch, ports.runtime);
      has_new = true;
    }
  return has_new;
}

bool all_have_ended(const store::Run& run) {
  return std::all_of(run.batches().begin(), run.batches().end(), [](const BatchRecord& batch) {
    return has_ended(batch);
  });
}

void apply(store::Run& run, const AdvanceOptions& options, const Ports& ports, Tally& tally) {
  IndexCare indexes(run, options.apply.index, ports.indexes, ports.runtime);
  Application application(run, options.only, options.apply, ports, indexes);
  try {
    if (!options.together || all_have_ended(run))
      application.write_all(tally);
    ports.runtime.progress.finish(Phase::download);
    ports.runtime.progress.finish(Phase::write);
  } catch (const std::exception& failure) {
    indexes.bring_back_after(failure);
    throw;
  }
  indexes.bring_back();
  application.settle_rest(tally); // after the build, because it may wait long
  ports.runtime.progress.finish(Phase::download);
  ports.runtime.progress.finish(Phase::write);
  application.archive_all();
}

} // namespace

Outcome advance(store::Run& run, const AdvanceOptions& options, const Ports& ports) {
  if (options.send)
    close_interrupted_selection(run, ports.runtime);
  replace_refused(run, options, ports);
  Tally tally = move_batches(run, options, ports);
  if (!tally.has_general_failure() && replace_refused(run, options, ports))
    tally = move_batches(run, options, ports);
  // What has ended is applied although the provider is away by now: it may be here already.
  if (options.collect && !ports.runtime.stop.requested())
    apply(run, options, ports, tally);
  run.settle();
  if (options.collect && !tally.has_general_failure() && !ports.runtime.stop.requested())
    delete_remote_files(run, options.apply, ports);
  return tally.outcome();
}

} // namespace embedctl::pipeline
