#include "pipeline/poll.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/parallel.hpp"
#include "pipeline/sender.hpp"

#include <algorithm>
#include <functional>
#include <mutex>

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

namespace {

// Concurrent polls; more would hit the provider's rate limit.
constexpr std::size_t k_parallel_looks = 8;

constexpr int k_not_found = 404;

bool is_with_provider(const BatchRecord& batch) {
  return batch.state == BatchState::submitted;
}

Error unknown_batch(const store::Run& run, const BatchRecord& batch, const Error& error) {
  const auto& provider = run.record().provider;
  Error unknown(
      error.kind(), fmt::format("batch {:03}: {}", batch.number, error.what()),
      fmt::format(
          "check that the key is of the account that the batch was sent with{}; another key's "
          "account does not show it. If the provider no longer stores the batch: embedctl forget "
          "--batch-file {}",
          provider ? fmt::format(" ({})", printable(provider->base_url)) : "",
          shell_quoted(run.paths(batch).record().string())));
  unknown.provider = error.provider;
  return unknown;
}

// In memory only.
void retrieve(const store::Run& run, BatchRecord& batch, BatchProvider& provider, Clock& clock) {
  try {
    batch.remote = provider.retrieve(batch.batch_id);
  } catch (const Error& error) {
    if (is_unknown_batch(error))
      throw unknown_batch(run, batch, error);
    throw;
  }
  if (!has_ended(batch.remote->status))
    return;
  batch.state = BatchState::ended;
  if (batch.was_refused())
    batch.refused_at = clock.unix_seconds();
}

// After polling all, throws the first error for a batch that the provider does not have.
void for_each_with_provider(
    store::Run& run,
    const BatchFilter& filter,
    const std::function<void(BatchRecord& batch)>& act) {
  std::mutex mutex;
  std::optional<Error> unknown;
  TaskPool looks(k_parallel_looks);
  for (BatchRecord& batch : run.batches())
    if (matches(filter, batch) && is_with_provider(batch))
      looks.add([&] {
        try {
          act(batch);
        } catch (const Error& error) {
          if (!is_unknown_batch(error))
            throw;
          const std::lock_guard lock(mutex);
          if (!unknown)
            unknown.emplace(error);
        }
      });
  looks.finish();
  if (unknown)
    throw *unknown;
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

void look_at(store::Run& run, BatchRecord& batch, BatchProvider& provider, Runtime runtime) {
  retrieve(run, batch, provider, runtime.clock);
  run.save(batch);
  cancel_duplicates(run, batch, provider, runtime);
}

bool look_anew(store::Run& run, BatchRecord& batch, BatchProvider& provider) {
  try {
    batch.remote = provider.retrieve(batch.batch_id);
  } catch (const Error& error) {
    if (!is_unknown_batch(error))
      throw;
    return true;
  }
  if (has_ended(batch.remote->status)) {
    batch.fetched_again = true;
    return true;
  }
  batch.state = BatchState::submitted;
  run.save(batch);
  return false;
}

void ask(store::Run& run, const BatchFilter& filter, BatchProvider& provider, Clock& clock) {
  for_each_with_provider(
      run, filter, [&](BatchRecord& batch) { retrieve(run, batch, provider, clock); });
}

void poll(store::Run& run, const BatchFilter& filter, BatchProvider& provider, Runtime runtime) {
  for_each_with_provider(
      run, filter, [&](BatchRecord& batch) { look_at(run, batch, provider, runtime); });
}

} // namespace embedctl::pipeline
