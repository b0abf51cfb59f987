#include "pipeline/brake.hpp"

#include <algorithm>

namespace embedctl::pipeline {

void Brake::wait(std::size_t rows) {
  if (m_rows_per_second == 0)
    return;
  const auto now = m_clock.steady();
  if (m_next > now)
    m_clock.sleep_for(std::chrono::ceil<Clock::Duration>(m_next - now));
  const std::chrono::duration<double> share(
      static_cast<double>(rows) / static_cast<double>(m_rows_per_second));
  m_next = std::max(m_next, now) + std::chrono::duration_cast<Clock::Steady::duration>(share);
}

} // namespace embedctl::pipeline
