#pragma once

#include "pipeline/apply.hpp"
#include "pipeline/executor.hpp"
#include "pipeline/poll.hpp"
#include "pipeline/ports.hpp"
#include "store/run.hpp"

#include <cstddef>

namespace embedctl::pipeline {

// What one pass is to do; the stages of a run can be had on their own.
struct AdvanceOptions {
  BatchFilter only;        // nothing but this batch
  bool send = true;        // what is not sent yet, or was refused
  bool collect = true;     // look, fetch, apply, archive
  bool together = false;   // apply nothing before every batch has ended
  std::size_t parallel = 4; // batches moved at a time
  ApplyOptions apply;
};

// Does all that can be done for a run now, in one pass, without waiting for anything but replies:
// goes on with an interrupted submit, sends what may be sent, looks at what is out, fetches,
// applies, archives, and builds indexes again that this or an earlier pass has dropped. One bad
// batch holds up only itself. Throws Error where the database or the provider is away, or refuses
// whatever it is asked; what was done until then is done. The run must be locked.
Outcome advance(store::Run& run, const AdvanceOptions& options, const Ports& ports);

} // namespace embedctl::pipeline
