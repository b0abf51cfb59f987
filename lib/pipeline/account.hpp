#pragma once

#include "pipeline/executor.hpp"
#include "store/run.hpp"

namespace embedctl::pipeline {

// Throws Error{usage} if the run was sent to another provider, organization or project than this:
// what was sent there cannot be seen from here, and would be bought again.
void require_same_account(const store::Run& run, const ProviderIdentity& now);

// The same before the executor is used for a run, and puts it on record if none is yet. With
// `moved`, a person says that it is the same account under another address. The run must be locked.
void check_account(store::Run& run, Executor& executor, bool moved);

} // namespace embedctl::pipeline
