#pragma once

#include "base/fd.hpp"

#include <atomic>
#include <chrono>

namespace embedctl {

// Stop request: set by a signal handler, checked between units of work.
class StopFlag {
public:
  StopFlag();

  // Async-signal-safe.
  void request(int signal) noexcept;

  bool requested() const { return m_signal.load() != 0; }
  int signal() const { return m_signal.load(); }

  // Throws Error{interrupted}.
  void throw_if_requested() const;

  // Returns early on a stop request.
  void wait_for(std::chrono::milliseconds duration) const;

  // The same; returns also when the descriptor is readable.
  void wait_readable(int fd, std::chrono::milliseconds duration) const;

private:
  std::atomic<int> m_signal{0};
  Fd m_read_end;
  Fd m_write_end;
};

} // namespace embedctl
