#pragma once

#include "core/batch_provider.hpp"
#include "pipeline/work.hpp"
#include "store/run.hpp"

#include <cstddef>
#include <deque>
#include <future>

namespace embedctl::pipeline {

// Fetches the result files of a batch that has ended and makes them durable; takes it to
// `downloaded`, or leaves it refused where the files say nothing.
void fetch(store::Run& run, store::BatchRecord& batch, BatchProvider& provider, Work work);

// Fetches the files of some batches, a few at a time, in the order in which they are taken: while
// one batch is written to the database, the next ones come.
class Downloads {
public:
  Downloads(store::Run& run, BatchProvider* provider, std::size_t at_a_time, Work work)
      : m_run(run), m_provider(provider), m_at_a_time(at_a_time), m_work(work) {}

  void add(store::BatchRecord& batch) { m_waiting.push_back(&batch); }

  // Starts what may run now; then waits for the batch's files if they are to be fetched, and throws
  // what kept them from coming.
  void wait_for(const store::BatchRecord& batch);

  bool are_running() const { return !m_running.empty(); }

private:
  struct Download {
    const store::BatchRecord* batch;
    std::future<void> done; // its destructor waits
  };

  void start();

  store::Run& m_run;
  BatchProvider* m_provider;
  std::size_t m_at_a_time;
  Work m_work;
  std::deque<store::BatchRecord*> m_waiting;
  std::deque<Download> m_running;
};

} // namespace embedctl::pipeline
