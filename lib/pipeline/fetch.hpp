#pragma once

#include "core/batch_provider.hpp"
#include "pipeline/work.hpp"
#include "store/run.hpp"

namespace embedctl::pipeline {

// Fetches the result files of a batch that has ended and makes them durable; takes it to
// `downloaded`, or leaves it refused where the files say nothing.
void fetch(store::Run& run, store::BatchRecord& batch, BatchProvider& provider, Work work);

} // namespace embedctl::pipeline
