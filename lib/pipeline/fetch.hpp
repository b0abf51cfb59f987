#pragma once

#include "core/batch_provider.hpp"
#include "pipeline/runtime.hpp"
#include "store/run.hpp"

namespace embedctl::pipeline {

// Downloads the result files of an ended batch, durably; the batch becomes `downloaded`, or refused
// if the files are empty.
void fetch(store::Run& run, store::BatchRecord& batch, BatchProvider& provider, Runtime runtime);

} // namespace embedctl::pipeline
