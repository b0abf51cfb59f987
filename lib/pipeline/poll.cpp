#include "pipeline/poll.hpp"

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "pipeline/sender.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

namespace {

// Requests that only look may go several at a time; more would meet the provider's rate limit.
constexpr std::size_t k_parallel_looks = 8;

bool is_with_provider(const BatchRecord& batch) {
  return batch.state == BatchState::submitted;
}

} // namespace

void check_filter(const store::Run& run, const BatchFilter& filter) {
  const auto& batches = run.batches();
  if (filter && std::none_of(batches.begin(), batches.end(), [&](const BatchRecord& batch) {
        return matches(filter, batch);
      }))
    throw Error(
        ErrorKind::usage,
        fmt::format("run \"{}\" has no batch {:03}", run.paths().folder().string(), *filter));
}

bool any_with_provider(const store::Run& run, const BatchFilter& filter) {
  return std::any_of(run.batches().begin(), run.batches().end(), [&](const BatchRecord& batch) {
    return matches(filter, batch) && is_with_provider(batch);
  });
}

void ask(store::Run& run, const BatchFilter& filter, BatchProvider& provider) {
  TaskPool looks(k_parallel_looks);
  for (BatchRecord& batch : run.batches())
    if (matches(filter, batch) && is_with_provider(batch))
      looks.add([&batch, &provider] {
        batch.remote = provider.retrieve(batch.batch_id);
        if (has_ended(batch.remote->status))
          batch.state = BatchState::ended;
      });
  looks.finish();
}

void poll(store::Run& run, const BatchFilter& filter, BatchProvider& provider, Work work) {
  std::vector<BatchRecord*> asked;
  for (BatchRecord& batch : run.batches())
    if (matches(filter, batch) && is_with_provider(batch))
      asked.push_back(&batch);
  ask(run, filter, provider);
  for (BatchRecord* batch : asked) {
    run.save(*batch);
    cancel_duplicates(run, run.record().run_id, *batch, provider, work);
  }
}

} // namespace embedctl::pipeline
