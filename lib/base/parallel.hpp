#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace embedctl {

// A few threads that run tasks in the order they were added. The first exception stops the pool:
// tasks not yet started are dropped, and finish() throws it. The destructor waits for running
// tasks.
class TaskPool {
public:
  explicit TaskPool(std::size_t threads);
  ~TaskPool();
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;

  void add(std::function<void()> task);

  // Waits for all tasks; throws the first exception.
  void finish();

private:
  void work();
  void close();

  std::mutex m_mutex;
  std::condition_variable m_changed;
  std::deque<std::function<void()>> m_tasks;
  std::exception_ptr m_failure;
  bool m_closed = false;
  std::vector<std::thread> m_threads;
};

} // namespace embedctl
