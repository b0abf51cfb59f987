#include "base/parallel.hpp"

#include <algorithm>

namespace embedctl {

TaskPool::TaskPool(std::size_t threads) {
  for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i)
    m_threads.emplace_back([this] { work(); });
}

TaskPool::~TaskPool() {
  {
    const std::lock_guard guard(m_mutex);
    m_tasks.clear();
  }
  close();
}

void TaskPool::add(std::function<void()> task) {
  {
    const std::lock_guard guard(m_mutex);
    if (!m_failure)
      m_tasks.push_back(std::move(task));
  }
  m_changed.notify_one();
}

void TaskPool::finish() {
  close();
  if (m_failure)
    std::rethrow_exception(m_failure);
}

void TaskPool::close() {
  {
    const std::lock_guard guard(m_mutex);
    m_closed = true;
  }
  m_changed.notify_all();
  for (std::thread& thread : m_threads)
    if (thread.joinable())
      thread.join();
}

void TaskPool::work() {
  std::unique_lock guard(m_mutex);
  for (;;) {
    m_changed.wait(guard, [this] { return m_closed || !m_tasks.empty(); });
    if (m_tasks.empty())
      return;
    const auto task = std::move(m_tasks.front());
    m_tasks.pop_front();
    guard.unlock();
    std::exception_ptr failure;
    try {
      task();
    } catch (...) {
      failure = std::current_exception();
    }
    guard.lock();
    if (failure && !m_failure) {
      m_failure = failure;
      m_tasks.clear();
    }
  }
}

} // namespace embedctl
