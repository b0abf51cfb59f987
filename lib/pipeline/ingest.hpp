#pragma once

#include "core/batch_provider.hpp"
#include "core/index_keeper.hpp"
#include "core/vector_sink.hpp"
#include "pipeline/chunk_writer.hpp"
#include "pipeline/index_care.hpp"
#include "pipeline/poll.hpp"
#include "pipeline/work.hpp"
#include "store/run.hpp"

#include <cstddef>

namespace embedctl::pipeline {

struct IngestOptions {
  WriteOptions write;
  bool redownload = false;  // fetch result files again although they are here
  bool again = false;       // take up batches that are ingested already
  bool keep_plain = false;  // do not pack the files of ingested batches
  std::size_t parallel = 4; // downloads at a time
  IndexPolicy index = IndexPolicy::keep;
  bool together = false; // write nothing before every batch has ended
};

// Whether ingesting as these options say will ask the provider for anything.
bool needs_provider(const store::Run& run, const BatchFilter& filter, const IngestOptions& options);

// Takes each batch that has ended to `ingested`: fetches its files and writes its vectors; and each
// that is `ingested` to `archived`, unless the disk refuses, which only warns. Others are left
// alone. Indexes that this or an earlier ingest dropped are built again, whatever comes of the
// rest. The run must be locked; `provider` may be null where it is not needed.
void ingest(
    store::Run& run,
    const BatchFilter& filter,
    const IngestOptions& options,
    BatchProvider* provider,
    VectorSink& sink,
    IndexKeeper& keeper,
    Work work);

} // namespace embedctl::pipeline
