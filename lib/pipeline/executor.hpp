#pragma once

#include "base/error.hpp"
#include "core/clock.hpp"
#include "store/run.hpp"

#include <optional>
#include <string>
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
  std::optional<Clock::Steady> others = {}; // of a run: when batches that are not blocked go on
};

// How far a batch or run got: everything possible now is done.
using Outcome = std::variant<Done, WaitUntil, Blocked>;

enum class Fetch {
  as_recorded, // the files that the record names
  anew,        // what the provider says about the batch first
};

// Gets the requests of a batch answered. Thread-safe for different batches. Real class:
// BatchExecutor.
class Executor {
public:
  virtual ~Executor() = default;

  // Throws if it cannot work, before rows are selected for it; changes nothing.
  virtual void check_access(const Request& request) = 0;

  // Where requests are sent; recorded in run.json.
  virtual ProviderIdentity identity() = 0;

  // Advances a batch from `written` towards `ended` as far as possible now. Done: its requests are
  // answered, or it was refused for good. Throws Error if a call failed; the records on disk are
  // correct then, and it may be called again.
  virtual Outcome advance(store::Run& run, store::BatchRecord& batch) = 0;

  // Asks once more whether a batch is refused, before other batches take its rows.
  virtual bool confirms_refusal(store::Run& run, store::BatchRecord& batch) = 0;

  // Fetches the answers of a batch that has ended and makes it `downloaded`; may be repeated, and
  // keeps the file that answers more requests. The batch may turn out refused, without answers, or
  // not to have ended, and is `submitted` then.
  virtual void fetch(store::Run& run, store::BatchRecord& batch, Fetch how) = 0;

  // Whether the answers here are as long as they are where they came from, as far as that is told.
  virtual bool has_whole_answers(const store::Run& run, const store::BatchRecord& batch) = 0;

  // Asks for the end of a batch that may be under way; may be repeated. What it has answered by
  // then can be fetched once it has ended. A batch that was never begun stays unsent.
  virtual void cancel(store::Run& run, store::BatchRecord& batch) = 0;

  // Whether the provider was needed since this object was made.
  virtual bool is_in_use() const = 0;

  // Deletes a file at the provider; one that is not there is not an error.
  virtual void delete_file(const std::string& id) = 0;
};

} // namespace embedctl::pipeline
