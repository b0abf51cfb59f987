#pragma once

#include "core/clock.hpp"

namespace embedctl::cli::test {

// Stands still until told.
class FakeClock : public Clock {
public:
  std::int64_t unix_seconds() override {
    return k_start + std::chrono::duration_cast<std::chrono::seconds>(m_gone).count();
  }
  Steady steady() override { return Steady(m_gone); }
  void sleep_for(Duration duration) override { m_gone += duration; }

private:
  static constexpr std::int64_t k_start = 1'772'366'400; // 2026-03-01 12:00 UTC
  std::chrono::milliseconds m_gone{1000};
};

} // namespace embedctl::cli::test
