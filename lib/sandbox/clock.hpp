#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

namespace embedctl::sandbox {

using Millis = std::chrono::milliseconds;
using Instant = std::chrono::sys_time<Millis>;

std::int64_t unix_seconds(Instant instant);

// Real seconds, as options give them, to the millisecond.
Millis to_millis(double seconds);

// The sandbox's time: wall time plus an offset, or frozen until it is moved. Thread-safe.
class MovableClock {
public:
  static MovableClock running(Millis moved_by = Millis{0}) { return MovableClock({}, moved_by); }
  static MovableClock frozen_at(Instant start, Millis moved_by = Millis{0}) {
    return MovableClock(start, moved_by);
  }

  // Restores state() of an earlier clock, or starts a new one. Throws Error{corrupt}.
  static MovableClock restored(const std::optional<std::string>& state, bool frozen);

  Instant now() const;
  void advance(Millis by);

  // What a clock that continues from this one needs.
  std::string state() const;

private:
  MovableClock(std::optional<Instant> frozen, Millis moved_by)
      : m_frozen(frozen), m_moved_by(moved_by) {}

  mutable std::mutex m_mutex;
  const std::optional<Instant> m_frozen;
  Millis m_moved_by;
};

} // namespace embedctl::sandbox
