#pragma once

#include "base/error.hpp"
#include "core/batch_provider.hpp"
#include "pipeline/work.hpp"
#include "store/run.hpp"

#include <optional>

namespace embedctl::pipeline {

// Only the batch of this number; all of them without one.
using BatchFilter = std::optional<int>;

inline bool matches(const BatchFilter& filter, const store::BatchRecord& batch) {
  return !filter || *filter == batch.number;
}

// Throws Error{usage} if the run has no such batch.
void check_filter(const store::Run& run, const BatchFilter& filter);

// Whether any of the batches is with the provider, so that its word is needed.
bool any_with_provider(const store::Run& run, const BatchFilter& filter);

// What ask() and poll() throw for a batch that the provider does not know.
bool is_unknown_batch(const Error& error);

// Asks the provider for every batch that is with it; one that it is done with becomes `ended`. In
// memory only. Throws for a batch that the provider does not know, after all were asked.
void ask(store::Run& run, const BatchFilter& filter, BatchProvider& provider);

// The same, throwing last too, and stores the answers; where a creation was in doubt, what it made
// twice is cancelled. The run must be locked.
void poll(store::Run& run, const BatchFilter& filter, BatchProvider& provider, Work work);

} // namespace embedctl::pipeline
