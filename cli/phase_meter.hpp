#pragma once

#include "core/clock.hpp"
#include "core/progress_sink.hpp"

#include <optional>
#include <string>

namespace embedctl::cli {

// How far one phase has come, how fast it goes, and what of that to show.
class PhaseMeter {
public:
  PhaseMeter() = default; // not active
  PhaseMeter(Phase phase, Clock::Steady now)
      : m_phase(phase), m_active(true), m_began(now), m_sampled(now) {}

  void expect(Amount total);
  void advance(Amount done); // too late is ignored
  void finish() { m_active = false; }

  bool active() const { return m_active; }

  // Takes a sample of the rate. To be called now and then; calls too close together are skipped.
  void sample(Clock::Steady now);

  // "writing 12,345 of 50,000 rows (24%), 45.2 MiB, 3,400 rows/s, 11s left"
  std::string text(Clock::Steady now) const;

  // "writing 50,000 rows, 45.2 MiB took 12s"
  std::string summary(Clock::Steady now) const;

  // Changes whenever something was done.
  std::uint64_t done_units() const { return m_done.rows + m_done.bytes; }

private:
  enum class Unit { rows, bytes };

  Unit unit() const;
  std::uint64_t in_unit(const Amount& amount) const;
  double rate() const;
  std::string amounts() const;
  std::optional<std::chrono::seconds> time_left() const;

  Phase m_phase = Phase::select;
  bool m_active = false;
  Amount m_total;
  Amount m_done;
  Clock::Steady m_began;

  // Units done and seconds gone, both fading with time: their quotient is the recent rate.
  Clock::Steady m_sampled;
  Amount m_sampled_done;
  double m_recent_rows = 0;
  double m_recent_bytes = 0;
  double m_recent_seconds = 0;
};

} // namespace embedctl::cli
