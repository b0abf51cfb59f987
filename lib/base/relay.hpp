#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace embedctl {

// Passes blocks in order from a producer thread to a consumer thread. Three blocks circulate:
// neither side waits for the other on every block, and memory stays bounded.
template <typename Block>
class Relay {
public:
  // `use` runs on its own thread and leaves the block ready for refilling.
  explicit Relay(std::function<void(Block&)> use)
      : m_use(std::move(use)), m_blocks(3), m_thread([this] { work(); }) {
    for (std::size_t i = 1; i < m_blocks.size(); ++i)
      m_free.push_back(&m_blocks[i]);
  }

  ~Relay() { // drops what has been handed over and is not used yet
    {
      const std::lock_guard guard(m_mutex);
      m_made.clear();
    }
    end();
  }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  Block& making() { return *m_making; }

  // Passes a block on. Throws if `use` failed on an earlier block.
  void pass_on() {
    std::unique_lock guard(m_mutex);
    m_made.push_back(m_making);
    m_changed.notify_all();
    m_changed.wait(guard, [this] { return m_failure || !m_free.empty(); });
    if (m_failure)
      std::rethrow_exception(m_failure);
    m_making = m_free.front();
    m_free.pop_front();
  }

  // Passes on the rest and waits until all blocks are used; throws if `use` failed.
  void finish() {
    {
      const std::lock_guard guard(m_mutex);
      m_made.push_back(m_making);
    }
    end();
    if (m_failure)
      std::rethrow_exception(m_failure);
  }

private:
  void end() {
    {
      const std::lock_guard guard(m_mutex);
      m_ended = true;
    }
    m_changed.notify_all();
    if (m_thread.joinable())
      m_thread.join();
  }

  void work() {
    std::unique_lock guard(m_mutex);
    for (;;) {
      m_changed.wait(guard, [this] { return m_ended || !m_made.empty(); });
      if (m_made.empty() || m_failure)
        return;
      Block* const block = m_made.front();
      m_made.pop_front();
      guard.unlock();
      std::exception_ptr failure;
      try {
        m_use(*block);
      } catch (...) {
        failure = std::current_exception();
      }
      guard.lock();
      m_failure = failure;
      m_free.push_back(block);
      m_changed.notify_all();
    }
  }

  std::function<void(Block&)> m_use;
  std::vector<Block> m_blocks;
  Block* m_making = &m_blocks.front();
  std::mutex m_mutex;
  std::condition_variable m_changed;
  std::deque<Block*> m_made;
  std::deque<Block*> m_free;
  std::exception_ptr m_failure;
  bool m_ended = false;
  std::thread m_thread;
};

} // namespace embedctl
