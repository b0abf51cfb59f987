#include "base/stop.hpp"

#include "base/error.hpp"
#include "core/system_clock.hpp"

#include "support/catch.hpp"

#include <cerrno>
#include <csignal>
#include <functional>
#include <thread>

using namespace embedctl;
using namespace std::chrono_literals;

namespace {

std::chrono::milliseconds time_of(const std::function<void()>& act) {
  const auto from = std::chrono::steady_clock::now();
  act();
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - from);
}

} // namespace

TEST_CASE("nobody is stopped who was not asked to", "[base]") {
  const StopFlag stop;
  CHECK_FALSE(stop.requested());
  CHECK_NOTHROW(stop.throw_if_requested());
  CHECK(time_of([&] { stop.wait_for(30ms); }) >= 30ms);
  CHECK(time_of([&] { stop.wait_for(-1ms); }) < 1s);
}

TEST_CASE("a stop names its signal and leaves errno alone", "[base]") {
  StopFlag stop;
  errno = EAGAIN;
  stop.request(SIGTERM);
  CHECK(errno == EAGAIN);
  CHECK(stop.signal() == SIGTERM);
  CHECK_THROWS_WITH(stop.throw_if_requested(), "interrupted by SIGTERM");
  stop.request(SIGINT);
  CHECK_THROWS_WITH(stop.throw_if_requested(), "interrupted");
}

TEST_CASE("a stop ends every wait, under way or to come", "[base]") {
  StopFlag stop;
  std::thread asks([&] {
    std::this_thread::sleep_for(20ms);
    stop.request(SIGINT);
  });
  SystemClock clock(stop);
  CHECK(time_of([&] { CHECK_THROWS_AS(clock.sleep_for(1h), Error); }) < 30s);
  asks.join();
  CHECK(time_of([&] { stop.wait_for(1h); }) < 30s);
  CHECK(time_of([&] { stop.wait_for(1h); }) < 30s);
}

TEST_CASE("however often a stop is asked for, asking never blocks", "[base]") {
  StopFlag stop;
  for (int i = 0; i < 100'000; ++i)
    stop.request(SIGINT); // more bytes than a pipe holds
  CHECK(stop.requested());
}
