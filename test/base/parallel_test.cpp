#include "base/parallel.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <stdexcept>

using embedctl::TaskPool;

namespace {

// Holds tasks up until it is opened.
class Gate {
public:
  void open() {
    const std::lock_guard guard(m_mutex);
    m_open = true;
    m_changed.notify_all();
  }
  void pass() {
    std::unique_lock guard(m_mutex);
    m_changed.wait(guard, [this] { return m_open; });
  }

private:
  std::mutex m_mutex;
  std::condition_variable m_changed;
  bool m_open = false;
};

} // namespace

TEST_CASE("every task is done once, before finish returns", "[base]") {
  for (const std::size_t threads : {0u, 1u, 4u, 16u}) {
    std::vector<std::atomic<int>> done(500);
    TaskPool pool(threads);
    for (auto& each : done)
      pool.add([&each] { ++each; });
    pool.finish();
    CHECK(std::all_of(done.begin(), done.end(), [](const auto& each) { return each == 1; }));
  }
}

TEST_CASE("one thread does the tasks in their order", "[base]") {
  std::vector<int> order;
  TaskPool pool(1);
  for (int i = 0; i < 100; ++i)
    pool.add([&order, i] { order.push_back(i); });
  pool.finish();
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(order.size() == 100);
}

TEST_CASE("tasks run at the same time", "[base]") {
  Gate first;
  TaskPool pool(2);
  pool.add([&] { first.pass(); });
  pool.add([&] { first.open(); });
  pool.finish();
}

TEST_CASE("the first failure drops what has not begun and is thrown by finish", "[base]") {
  Gate gate;
  std::atomic<int> done{0};
  TaskPool pool(1);
  pool.add([&] {
    gate.pass();
    throw std::runtime_error("first");
  });
  for (int i = 0; i < 10; ++i)
    pool.add([&] { ++done; });
  gate.open();
  CHECK_THROWS_WITH(pool.finish(), "first");
  CHECK(done == 0);
}

TEST_CASE("a task under way goes on when another fails", "[base]") {
  Gate failed;
  std::atomic<bool> finished{false};
  TaskPool pool(2);
  pool.add([&] {
    failed.pass();
    finished = true;
  });
  pool.add([&] {
    failed.open();
    throw std::runtime_error("other");
  });
  CHECK_THROWS_WITH(pool.finish(), "other");
  CHECK(finished);
}

TEST_CASE("a pool that is given up waits for what is under way and drops the rest", "[base]") {
  Gate begun;
  std::atomic<int> done{0};
  {
    TaskPool pool(1);
    pool.add([&] {
      begun.open();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      ++done;
    });
    for (int i = 0; i < 10; ++i)
      pool.add([&] { done += 100; });
    begun.pass();
  }
  CHECK(done == 1);
}
