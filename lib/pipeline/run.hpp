#pragma once

#include "pipeline/ingest.hpp"
#include "pipeline/submit.hpp"

#include <chrono>

namespace embedctl::pipeline {

struct RunOptions {
  IngestOptions ingest;
  SendOptions sending;
  std::chrono::seconds poll_interval{60};
};

// Stays with a run until it is finished: sends what is not sent, asks every poll_interval, and
// ingests each batch as soon as it ends, or all together where an index is dropped for it. A batch
// that the provider refused for want of room or of its file is sent again after growing pauses. The
// run must be locked.
void run_to_end(
    store::Run& run,
    const RunOptions& options,
    RowSource& source,
    BatchProvider& provider,
    VectorSink& sink,
    IndexKeeper& keeper,
    Work work);

// The scope's runs that are neither finished nor dry, oldest first.
std::vector<store::Run>
unfinished_runs(const std::filesystem::path& batches_dir, const std::string& scope);

} // namespace embedctl::pipeline
