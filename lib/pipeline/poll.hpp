#pragma once

#include "base/error.hpp"
#include "core/batch_provider.hpp"
#include "pipeline/runtime.hpp"
#include "store/run.hpp"

#include <optional>

namespace embedctl::pipeline {

// Only the batch with this number; all batches if unset.
using BatchFilter = std::optional<int>;

inline bool matches(const BatchFilter& filter, const store::BatchRecord& batch) {
  return !filter || *filter == batch.number;
}

// Throws Error{usage} if the run has no such batch.
void check_filter(const store::Run& run, const BatchFilter& filter);

// Whether any of these batches is at the provider and must be polled.
bool any_with_provider(const store::Run& run, const BatchFilter& filter);

// The error these throw for a batch that the provider does not have.
bool is_unknown_batch(const Error& error);

// Polls a batch at the provider and stores the reply; a batch that the provider finished becomes
// `ended`. Cancels duplicates if its creation was in doubt. Throws if the provider does not have
// the batch. The run must be locked.
void look_at(store::Run& run, store::BatchRecord& batch, BatchProvider& provider, Runtime runtime);

// Polls a batch that had ended, because what the provider said then may be wrong. False if it has
// not ended; then it is `submitted`. A batch that the provider no longer has stays as it is.
bool look_anew(store::Run& run, store::BatchRecord& batch, BatchProvider& provider);

// Polls every batch at the provider for display only: stores nothing. Throws, after polling all, if
// the provider does not have one.
void ask(store::Run& run, const BatchFilter& filter, BatchProvider& provider, Clock& clock);

// The same with look_at().
void poll(store::Run& run, const BatchFilter& filter, BatchProvider& provider, Runtime runtime);

} // namespace embedctl::pipeline
