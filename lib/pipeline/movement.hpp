#pragma once

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/stop.hpp"
#include "pipeline/executor.hpp"

#include <cstddef>
#include <mutex>
#include <optional>

namespace embedctl::pipeline {

// What several batches came to: of errors, the one that asks most of a person.
class Tally {
public:
  void add(const Outcome& outcome);
  void add(const Error& error);

  // Whether something failed that other batches would meet too: the disk, what is away, a stop, the
  // configuration.
  bool has_general_failure() const;

  // Blocked where one batch is, although the others went on. Throws a general failure.
  Outcome outcome() const;

private:
  std::optional<Error> m_error;
  std::optional<Clock::Steady> m_wait; // the earliest
};

// Moves batches on by an executor, a few at a time. Where one cannot be sent, or a failure is
// general, those that wait for their turn stay as they are.
class Movement {
public:
  Movement(store::Run& run, Executor& executor, std::size_t at_a_time, const StopFlag& stop)
      : m_run(run), m_executor(executor), m_stop(stop), m_pool(at_a_time) {}

  void add(store::BatchRecord& batch);

  // Waits until all are moved as far as they go.
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
