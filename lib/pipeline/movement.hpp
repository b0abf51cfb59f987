#pragma once

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/stop.hpp"
#include "pipeline/executor.hpp"

#include <cstddef>
#include <mutex>
#include <optional>
#include <vector>

namespace embedctl::pipeline {

// The combined result of several batches: of several errors, the one that needs most user action.
class Tally {
public:
  void add(const Outcome& outcome);
  void add(const Error& error);

  // Why one batch is blocked; all of these are reported.
  void add_held(const Error& error);

  // Whether the failure would affect every batch: the disk, an unreachable service, an interrupt or
  // the configuration.
  bool has_general_failure() const;

  // Blocked if any batch is, even if others advanced. Throws a general failure.
  Outcome outcome() const;

private:
  Error blocked_error() const;

  std::optional<Error> m_error;
  std::vector<Error> m_held;
  std::optional<Clock::Steady> m_wait; // the earliest
};

// Advances batches through an executor, a few at a time. After a send failure or a general failure,
// batches still queued are left as they are.
class Movement {
public:
  Movement(store::Run& run, Executor& executor, std::size_t at_a_time, const StopFlag& stop)
      : m_run(run), m_executor(executor), m_stop(stop), m_pool(at_a_time) {}

  void add(store::BatchRecord& batch);

  // Waits until all have advanced as far as they can.
  Tally finish();

private:
  void move(store::BatchRecord& batch);

  store::Run& m_run;
  Executor& m_executor;
  const StopFlag& m_stop;
  std::mutex m_mutex;
  Tally m_tally;
  bool m_stopped = false;
  TaskPool m_pool; // the first to go, because its threads use the others
};

} // namespace embedctl::pipeline
