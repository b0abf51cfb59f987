#pragma once

#include <chrono>
#include <cstdint>

namespace embedctl::http {

// Detects a stalled transfer. libcurl's low-speed limit does not fit: it also counts the time that
// the server takes before its first byte.
class IdleWatch {
public:
  using Time = std::chrono::steady_clock::time_point;

  enum class Phase { connecting, sending, waiting, receiving };

  // Call at least every second or so, with the total bytes moved in either direction.
  void update(Phase phase, std::uint64_t moved, Time now) {
    if (phase == m_phase && moved < m_marked + k_least_bytes)
      return;
    m_phase = phase;
    m_marked = moved;
    m_marked_at = now;
  }

  Phase phase() const { return m_phase; }

  // Since the phase began or since the last k_least_bytes started to arrive.
  std::chrono::steady_clock::duration idle(Time now) const { return now - m_marked_at; }

private:
  // A body slower than this over a whole stall_timeout counts as dead.
  static constexpr std::uint64_t k_least_bytes = 1024;

  Phase m_phase = Phase::connecting;
  std::uint64_t m_marked = 0;
  Time m_marked_at;
};

} // namespace embedctl::http
