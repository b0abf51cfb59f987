#pragma once

#include "pipeline/executor.hpp"
#include "store/run.hpp"

namespace embedctl::pipeline {

// Throws Error{usage} if the run was sent to another provider, organization or project: what was
// sent there is not visible here and would be paid for again.
void require_same_account(const store::Run& run, const ProviderIdentity& now);

// Checks before the executor is used for a run, and records it if none is recorded. With `moved`,
// the user confirms that it is the same account at a new address. The run must be locked.
void check_account(store::Run& run, Executor& executor, bool moved);

} // namespace embedctl::pipeline
