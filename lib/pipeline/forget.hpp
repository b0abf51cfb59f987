#pragma once

#include "pipeline/executor.hpp"
#include "store/run.hpp"

#include <cstdint>

namespace embedctl::pipeline {

// Why the rows of a batch that a person gave up have failed.
inline constexpr const char* k_result_lost = "result_lost";

// Makes sure that the results of a batch may be given up: it was sent, and the provider has ended it
// or does not know it; else throws Error{usage}. The batch is `ended` in memory then. Returns how
// many rows have no result. The run must be locked.
std::uint64_t prepare_to_forget(store::Run& run, store::BatchRecord& batch, Executor& executor);

} // namespace embedctl::pipeline
