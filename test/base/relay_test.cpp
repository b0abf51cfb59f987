#include "base/relay.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <set>
#include <stdexcept>
#include <vector>

#include "support/catch.hpp"

using namespace embedctl;

TEST_CASE("blocks are used in the order they were made, on another thread", "[base]") {
  std::vector<int> used;
  std::set<const int*> blocks;
  std::thread::id user;
  Relay<int> relay([&](int& block) {
    used.push_back(block);
    blocks.insert(&block);
    user = std::this_thread::get_id();
  });
  for (int i = 0; i < 1000; ++i) {
    relay.making() = i;
    relay.pass_on();
  }
  relay.making() = 1000;
  relay.finish();
  REQUIRE(used.size() == 1001);
  for (int i = 0; i <= 1000; ++i)
    CHECK(used[static_cast<std::size_t>(i)] == i);
  CHECK(user != std::this_thread::get_id());
  CHECK(blocks.size() <= 3);
}

TEST_CASE("making waits while all blocks are to be used", "[base]") {
  std::atomic<int> made = 0;
  std::atomic<int> most_ahead = 0;
  int used = 0;
  Relay<int> relay([&](int&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    most_ahead = std::max(most_ahead.load(), made - used);
    ++used;
  });
  for (int i = 0; i < 20; ++i) {
    ++made;
    relay.pass_on();
  }
  relay.finish();
  CHECK(used == 21); // with the last one, which nothing was put into
  CHECK(most_ahead <= 3);
}

TEST_CASE("what the use of a block meets is thrown where blocks are made", "[base]") {
  int used = 0;
  const auto fail_at_second = [&used](int&) {
    if (++used == 2)
      throw std::runtime_error("no room");
  };
  SECTION("while they are made") {
    Relay<int> relay(fail_at_second);
    CHECK_THROWS_AS(
        [&relay] {
          for (int i = 0; i < 100; ++i)
            relay.pass_on();
        }(),
        std::runtime_error);
  }
  SECTION("at the end") {
    Relay<int> relay(fail_at_second);
    relay.pass_on();
    CHECK_THROWS_AS(relay.finish(), std::runtime_error);
  }
  CHECK(used == 2); // and none after it
}

TEST_CASE("what is not finished is not used any more", "[base]") {
  std::promise<void> begun;
  std::promise<void> go_on;
  std::atomic<int> used = 0;
  std::thread ending;
  {
    Relay<int> relay([&](int&) {
      if (++used == 1) {
        begun.set_value();
        go_on.get_future().wait();
      }
    });
    relay.pass_on();
    relay.pass_on();
    begun.get_future().wait();
    ending = std::thread([&go_on] { // while the destructor waits
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      go_on.set_value();
    });
  }
  ending.join();
  CHECK(used == 1);
}
