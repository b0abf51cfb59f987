#include "pipeline/downloads.hpp"

#include <utility>

namespace embedctl::pipeline {

using store::BatchRecord;

void Downloads::wait_for(const BatchRecord& batch) {
  start();
  if (m_running.empty() || m_running.front().batch != &batch)
    return;
  std::future<void> done = std::move(m_running.front().done);
  m_running.pop_front();
  done.get();
  start();
}

void Downloads::start() {
  for (; !m_waiting.empty() && m_running.size() < m_at_a_time; m_waiting.pop_front()) {
    const auto [next, how] = m_waiting.front();
    BatchRecord* batch = next;
    m_running.push_back({batch, std::async(std::launch::async, [this, batch, how = how] {
                           m_stop.throw_if_requested();
                           m_executor.fetch(m_run, *batch, how);
                         })});
  }
}

} // namespace embedctl::pipeline
