#pragma once

#include "pipeline/apply.hpp"
#include "pipeline/ports.hpp"
#include "store/run.hpp"

namespace embedctl::pipeline {

// Deletes files of ingested batches at the provider, each once: one that cannot be deleted is a
// note. Does nothing if the provider was not needed so far. The run must be locked.
void delete_remote_files(store::Run& run, const ApplyOptions& options, const Ports& ports);

} // namespace embedctl::pipeline
