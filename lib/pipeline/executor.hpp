#pragma once

#include "base/error.hpp"
#include "core/clock.hpp"
#include "store/run.hpp"

#include <variant>

namespace embedctl::pipeline {

struct Done {};

// Nothing can be done before that time.
struct WaitUntil {
  Clock::Steady time;
};

// It does not go on by itself. The hint is the command that helps.
struct Blocked {
  Error why;
};

// How far one batch came, or a whole run: all that can be done now is done.
using Outcome = std::variant<Done, WaitUntil, Blocked>;

// How the requests of a batch get answered. May be called for different batches from different
// threads. Real class: BatchExecutor.
class Executor {
public:
  virtual ~Executor() = default;

  // Throws if it cannot work, before anything is selected for it; changes nothing.
  virtual void check_access() = 0;

  // Where requests go; belongs in run.json.
  virtual ProviderIdentity identity() = 0;

  // Moves a batch on from `written` to `ended` as far as it goes now. Done: its requests are
  // answered, or it was refused for good. Throws Error where a call failed; what is on disk is true
  // then, and it may be called again.
  virtual Outcome advance(store::Run& run, store::BatchRecord& batch) = 0;

  // Gets the answers of a batch that has ended, and makes it `downloaded`; also once more. It may
  // turn out that there are none, because it was refused.
  virtual void fetch(store::Run& run, store::BatchRecord& batch) = 0;
};

} // namespace embedctl::pipeline
