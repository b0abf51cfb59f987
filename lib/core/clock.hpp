#pragma once

#include <chrono>
#include <cstdint>

namespace embedctl {

// Wall time names folders and is shown to people; no decision of correctness depends on it.
// Real class: SystemClock.
class Clock {
public:
  using Steady = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::milliseconds;

  virtual ~Clock() = default;
  virtual std::int64_t unix_seconds() = 0;
  virtual Steady steady() = 0;

  // Throws Error{interrupted} when asked to stop meanwhile.
  virtual void sleep_for(Duration duration) = 0;
};

} // namespace embedctl
