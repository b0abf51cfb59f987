#pragma once

#include <chrono>
#include <cstdint>

namespace embedctl {

// Wall time names folders and is displayed; correctness never depends on it. Real class:
// SystemClock.
class Clock {
public:
  using Steady = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::milliseconds;

  virtual ~Clock() = default;
  virtual std::int64_t unix_seconds() = 0;
  virtual Steady steady() = 0;

  // Throws Error{interrupted} on a stop request.
  virtual void sleep_for(Duration duration) = 0;
};

} // namespace embedctl
