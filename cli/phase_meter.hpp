#pragma once

#include "core/clock.hpp"
#include "core/progress_sink.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace embedctl::cli {

// Measures the progress and the rate of one phase, and puts them into words.
class PhaseMeter {
public:
  // What to leave out where there is little room, from the least to the most text.
  enum class Detail {
    name,   // writing
    share,  // writing 24%
    left,   // writing 24%, 11s left
    amount, // writing 12,345 of 50,000 rows (24%), 11s left
    rate,   // writing 12,345 of 50,000 rows (24%), 3,400 rows/s, 11s left
    all,    // writing 12,345 of 50,000 rows (24%), 45.2 MiB, 3,400 rows/s, 11s left
  };

  PhaseMeter() = default; // not active
  PhaseMeter(Phase phase, Clock::Steady now)
      : m_phase(phase), m_active(true), m_began(now), m_sampled(now) {}

  void expect(Amount total);
  void advance(Amount done); // ignored after finish()
  void finish() { m_active = false; }
  void describe(std::string_view text) { m_description = text; }

  bool active() const { return m_active; }

  // Samples the rate. Call it often; calls that are too close together are skipped.
  void sample(Clock::Steady now);

  std::string text(Clock::Steady now, Detail detail = Detail::all) const;

  // "writing 50,000 of 50,000 rows (100%), 45.2 MiB took 12s"
  std::string summary(Clock::Steady now) const;

  // Changes whenever there is progress.
  std::uint64_t done_units() const { return m_done.rows + m_done.bytes; }

private:
  enum class Unit { rows, bytes };

  Unit unit() const;
  std::uint64_t in_unit(const Amount& amount) const;
  double rate() const;
  bool knows_nothing() const;
  std::string share() const;
  std::string amounts(bool both_units) const;
  std::string time_text(Clock::Steady now) const;
  std::optional<std::chrono::seconds> time_left() const;

  Phase m_phase = Phase::select;
  bool m_active = false;
  Amount m_total;
  Amount m_done;
  std::optional<std::uint64_t> m_first_rows; // done when the wait first told
  std::string m_description;
  Clock::Steady m_began;

  // Decaying sums of the work done and the time spent; their quotient is the recent rate.
  Clock::Steady m_sampled;
  Amount m_sampled_done;
  double m_recent_rows = 0;
  double m_recent_bytes = 0;
  double m_recent_seconds = 0;
};

} // namespace embedctl::cli
