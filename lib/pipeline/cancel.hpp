#pragma once

#include "pipeline/advance.hpp"

namespace embedctl::pipeline {

// Ends a run early: batches at the provider are cancelled, and those that were not sent are settled
// with all their rows failed, so that the next submit selects them. What the provider has answered
// by then is collected by advance(). May be repeated. The run must be locked.
void cancel(store::Run& run, const AdvanceOptions& options, const Ports& ports);

} // namespace embedctl::pipeline
