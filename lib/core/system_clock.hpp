#pragma once

#include "base/stop.hpp"
#include "core/clock.hpp"

namespace embedctl {

class SystemClock : public Clock {
public:
  explicit SystemClock(const StopFlag& stop) : m_stop(stop) {}

  std::int64_t unix_seconds() override;
  Steady steady() override { return std::chrono::steady_clock::now(); }
  void sleep_for(Duration duration) override;

private:
  const StopFlag& m_stop;
};

} // namespace embedctl
