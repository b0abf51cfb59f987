#pragma once

#include "base/error.hpp"
#include "core/batch_provider.hpp"
#include "pipeline/runtime.hpp"
#include "store/run.hpp"

namespace embedctl::pipeline {

// Downloads the result files of an ended batch, durably; the batch becomes `downloaded`, or refused
// if the files are empty. A file that is here already stays if it answers more requests.
void fetch(store::Run& run, store::BatchRecord& batch, BatchProvider& provider, Runtime runtime);

// Whether the result files are as long as the provider says, as far as it says so.
bool has_whole_files(
    const store::Run& run, const store::BatchRecord& batch, BatchProvider& provider);

// Whether a download failed because the provider no longer has the file.
bool is_lost_file(const Error& error);

} // namespace embedctl::pipeline
