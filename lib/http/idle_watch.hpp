#pragma once

#include <chrono>
#include <cstdint>

namespace embedctl::http {

// Tells when too little has moved for too long. libcurl's own low-speed limit does not do: it
// counts the time in which the server thinks about its answer like time in which a body stalls.
class IdleWatch {
public:
  using Time = std::chrono::steady_clock::time_point;

  enum class Phase { connecting, sending, waiting, receiving };

  // To be told at least every second or so, with all bytes moved so far in either direction.
  void update(Phase phase, std::uint64_t moved, Time now) {
    if (phase == m_phase && moved < m_marked + k_least_bytes)
      return;
    m_phase = phase;
    m_marked = moved;
    m_marked_at = now;
  }

  Phase phase() const { return m_phase; }

  // Since the phase began or the last k_least_bytes began to come.
  std::chrono::steady_clock::duration idle(Time now) const { return now - m_marked_at; }

private:
  // A body that trickles slower than this in a whole stall_timeout is as good as dead.
  static constexpr std::uint64_t k_least_bytes = 1024;

  Phase m_phase = Phase::connecting;
  std::uint64_t m_marked = 0;
  Time m_marked_at;
};

} // namespace embedctl::http
