#pragma once

#include "pipeline/runtime.hpp"
#include "store/run.hpp"

namespace embedctl::pipeline {

// Gives the rows of a refused batch to new batches of the run: smaller ones, or one without the
// lines that the provider named, whose rows fail with its code. The new batches count from the
// moment at which this one is `replaced`; a crash before that leaves its rows where they are. The
// run must be locked, and the batch be one that is_to_be_replaced().
void replace(store::Run& run, store::BatchRecord& batch, Runtime runtime);

} // namespace embedctl::pipeline
