#pragma once

#include "base/fd.hpp"

#include <atomic>
#include <chrono>

namespace embedctl {

// Set by a signal handler, checked between units of work.
class StopFlag {
public:
  StopFlag();

  // May be called from a signal handler.
  void request(int signal) noexcept;

  bool requested() const { return m_signal.load() != 0; }
  int signal() const { return m_signal.load(); }

  // Throws Error{interrupted}.
  void throw_if_requested() const;

  // Returns early when requested.
  void wait_for(std::chrono::milliseconds duration) const;

private:
  std::atomic<int> m_signal{0};
  Fd m_read_end;
  Fd m_write_end;
};

} // namespace embedctl
