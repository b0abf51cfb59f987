#pragma once

#include "core/clock.hpp"

#include <cstddef>

namespace embedctl::pipeline {

// Rate limit for database writes, in rows per second. 0 is unlimited.
class Brake {
public:
  Brake(std::size_t rows_per_second, Clock& clock)
      : m_rows_per_second(rows_per_second), m_clock(clock), m_next(clock.steady()) {}

  std::size_t rows_per_second() const { return m_rows_per_second; }

  // Waits until this many rows may start, by the limit.
  void wait(std::size_t rows);

private:
  std::size_t m_rows_per_second;
  Clock& m_clock;
  Clock::Steady m_next;
};

} // namespace embedctl::pipeline
