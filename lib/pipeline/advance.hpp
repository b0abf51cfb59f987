#pragma once

#include "pipeline/apply.hpp"
#include "pipeline/executor.hpp"
#include "pipeline/poll.hpp"
#include "pipeline/ports.hpp"
#include "store/run.hpp"

#include <cstddef>

namespace embedctl::pipeline {

// What one pass does; the stages of a run are also available separately.
struct AdvanceOptions {
  BatchFilter only;         // nothing but this batch
  bool send = true;         // what is not sent yet, or was refused
  bool collect = true;      // look, fetch, apply, archive
  bool together = false;    // apply nothing before every batch has ended
  std::size_t parallel = 4; // batches moved at a time
  ApplyOptions apply;
};

// One pass: does everything that is possible now, without waiting for anything but replies. Closes
// an interrupted selection, sends, polls, fetches, applies, archives, and rebuilds dropped indexes. A
// bad batch delays only itself. Throws Error if the database or the provider is unreachable or
// refuses every request; completed work is kept. The run must be locked.
Outcome advance(store::Run& run, const AdvanceOptions& options, const Ports& ports);

} // namespace embedctl::pipeline
