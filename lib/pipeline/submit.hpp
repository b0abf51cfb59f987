#pragma once

#include "core/batch_provider.hpp"
#include "core/row_source.hpp"
#include "pipeline/sender.hpp"
#include "pipeline/splitter.hpp"
#include "pipeline/work.hpp"
#include "store/run.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace embedctl::pipeline {

struct SubmitOptions {
  std::filesystem::path batches_dir;
  Entity entity;
  std::string scope;
  std::string encoding;
  std::string version; // of this program
  BatchLimits limits;
  std::optional<std::uint64_t> limit;
  bool dry_run = false;
  SendOptions sending;
};

struct HeldRows {
  std::string run;
  std::uint64_t rows = 0;
};

struct SubmitReport {
  std::optional<store::Run> run; // none where there was nothing to select
  ScopeCounts scope;             // if there is no run
  std::vector<HeldRows> held;    // rows left out because other runs have them in flight
};

// Selects what has no vector, writes it down in batches and sends them; a dry run stops before
// the sending and needs no provider. The run it returns is locked.
SubmitReport
submit(const SubmitOptions& options, RowSource& source, BatchProvider* provider, Work work);

// Sends what a dry run wrote or an interrupted submit left, and with `refused_too` what the
// provider refused as a whole, whatever its reason; does nothing where all is sent. Rows of a dry
// run that another run has in flight by now, or that have a vector or another text, make
// it refuse: they would be paid for twice or for nothing.
void send_rest(
    store::Run& run,
    RowSource* source,
    BatchProvider& provider,
    const SendOptions& options,
    bool refused_too,
    Work work);

} // namespace embedctl::pipeline
