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

// What these throw for a batch that the provider does not know.
bool is_unknown_batch(const Error& error);

// Asks the provider for a batch that is with it and stores the answer; one that it is done with
// becomes `ended`. Where its creation was in doubt, what that made twice is cancelled. Throws for a
// batch that the provider does not know. The run must be locked.
void look_at(store::Run& run, store::BatchRecord& batch, BatchProvider& provider, Work work);

// Asks for every batch that is with the provider, for who only wants to see: stores nothing. Throws
// for a batch that the provider does not know, after all were asked.
void ask(store::Run& run, const BatchFilter& filter, BatchProvider& provider, Clock& clock);

// The same with look_at().
void poll(store::Run& run, const BatchFilter& filter, BatchProvider& provider, Work work);

} // namespace embedctl::pipeline
