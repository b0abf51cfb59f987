#include "pipeline/poll.hpp"

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "pipeline/sender.hpp"

#include <algorithm>
#include <mutex>
#include <vector>

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

namespace {

// Requests that only look may go several at a time; more would meet the provider's rate limit.
constexpr std::size_t k_parallel_looks = 8;

constexpr int k_not_found = 404;

bool is_with_provider(const BatchRecord& batch) {
  return batch.state == BatchState::submitted;
}

Error with_way_out(const Error& unknown) {
  Error error(
      unknown.kind(), unknown.what(),
      unknown.hint()
          + "; if the provider no longer keeps this batch, remove the run folder once its other "
            "batches are ingested, and the next submit takes up what is left");
  error.provider = unknown.provider;
  return error;
}

// The first batch that the provider does not know, if there is one.
std::optional<Error> ask_all(store::Run& run, const BatchFilter& filter, BatchProvider& provider) {
  std::mutex mutex;
  std::optional<Error> unknown;
  TaskPool looks(k_parallel_looks);
  for (BatchRecord& batch : run.batches())
    if (matches(filter, batch) && is_with_provider(batch))
      looks.add([&] {
        try {
          batch.remote = provider.retrieve(batch.batch_id);
        } catch (const Error& error) {
          if (!is_unknown_batch(error))
            throw;
          const std::lock_guard lock(mutex);
          if (!unknown)
            unknown.emplace(with_way_out(error));
          return;
        }
        if (has_ended(batch.remote->status))
          batch.state = BatchState::ended;
      });
  looks.finish();
  return unknown;
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

bool is_unknown_batch(const Error& error) {
  return error.kind() == ErrorKind::provider && error.provider
         && error.provider->http_status == k_not_found;
}

void ask(store::Run& run, const BatchFilter& filter, BatchProvider& provider) {
  if (const auto unknown = ask_all(run, filter, provider))
    throw *unknown;
}

void poll(store::Run& run, const BatchFilter& filter, BatchProvider& provider, Work work) {
  std::vector<BatchRecord*> asked;
  for (BatchRecord& batch : run.batches())
    if (matches(filter, batch) && is_with_provider(batch))
      asked.push_back(&batch);
  const auto unknown = ask_all(run, filter, provider);
  for (BatchRecord* batch : asked) {
    run.save(*batch);
    cancel_duplicates(run, run.record().run_id, *batch, provider, work);
  }
  if (unknown)
    throw *unknown;
}

} // namespace embedctl::pipeline
