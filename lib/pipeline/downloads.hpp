#pragma once

#include "base/stop.hpp"
#include "pipeline/executor.hpp"
#include "store/run.hpp"

#include <cstddef>
#include <deque>
#include <future>
#include <utility>

namespace embedctl::pipeline {

// Fetches the answers of batches in order, a few at a time: while one batch is written to the
// database, the next ones download.
class Downloads {
public:
  Downloads(store::Run& run, Executor& executor, std::size_t at_a_time, const StopFlag& stop)
      : m_run(run), m_executor(executor), m_at_a_time(at_a_time), m_stop(stop) {}

  void add(store::BatchRecord& batch, Fetch how) { m_waiting.emplace_back(&batch, how); }

  // Starts downloads that may run now, then waits for this batch's answers if they are to be
  // fetched; throws if the download failed.
  void wait_for(const store::BatchRecord& batch);

  bool are_running() const { return !m_running.empty(); }

private:
  struct Download {
    const store::BatchRecord* batch;
    std::future<void> done; // its destructor waits
  };

  void start();

  store::Run& m_run;
  Executor& m_executor;
  std::size_t m_at_a_time;
  const StopFlag& m_stop;
  std::deque<std::pair<store::BatchRecord*, Fetch>> m_waiting;
  std::deque<Download> m_running;
};

} // namespace embedctl::pipeline
