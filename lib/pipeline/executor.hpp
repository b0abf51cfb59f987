#pragma once

#include "base/error.hpp"
#include "core/clock.hpp"
#include "store/run.hpp"

#include <variant>

namespace embedctl::pipeline {

struct Done {};

// Nothing to do before this time.
struct WaitUntil {
  Clock::Steady time;
};

// Needs user action. The hint is the command that helps.
struct Blocked {
  Error why;
};

// How far a batch or run got: everything possible now is done.
using Outcome = std::variant<Done, WaitUntil, Blocked>;

// Gets the requests of a batch answered. Thread-safe for different batches. Real class:
// BatchExecutor.
class Executor {
public:
  virtual ~Executor() = default;

  // Throws if it cannot work, before rows are selected for it; changes nothing.
  virtual void check_access() = 0;

  // Where requests are sent; recorded in run.json.
  virtual ProviderIdentity identity() = 0;

  // Advances a batch from `written` towards `ended` as far as possible now. Done: its requests are
  // answered, or it was refused for good. Throws Error if a call failed; the records on disk are
  // correct then, and it may be called again.
  virtual Outcome advance(store::Run& run, store::BatchRecord& batch) = 0;

  // Fetches the answers of a batch that has ended and makes it `downloaded`; may be repeated. The
  // batch may turn out refused, without answers.
  virtual void fetch(store::Run& run, store::BatchRecord& batch) = 0;
};

} // namespace embedctl::pipeline
