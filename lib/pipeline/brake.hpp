#pragma once

#include "core/clock.hpp"

#include <cstddef>

namespace embedctl::pipeline {

// Spares the database: lets no more than so many rows a second be begun. 0 lets all.
class Brake {
public:
  Brake(std::size_t rows_per_second, Clock& clock)
      : m_rows_per_second(rows_per_second), m_clock(clock), m_next(clock.steady()) {}

  std::size_t rows_per_second() const { return m_rows_per_second; }

  // Waits until as many rows may be begun: when those before have had their share of time.
  void wait(std::size_t rows);

private:
  std::size_t m_rows_per_second;
  Clock& m_clock;
  Clock::Steady m_next;
};

} // namespace embedctl::pipeline
