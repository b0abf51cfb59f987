#pragma once

#include "core/clock.hpp"

#include <vector>

namespace embedctl::test {

// Time that passes only by sleeping.
class FakeClock : public Clock {
public:
  std::int64_t unix_seconds() override { return 1'700'000'000 + m_passed.count() / 1000; }
  Steady steady() override { return Steady(m_passed); }
  void sleep_for(Duration duration) override {
    sleeps.push_back(duration);
    m_passed += duration;
  }

  void pass(Duration duration) { m_passed += duration; }

  std::vector<Duration> sleeps;

private:
  Duration m_passed{0};
};

} // namespace embedctl::test
