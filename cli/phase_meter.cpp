#include "cli/phase_meter.hpp"

#include "base/bytes.hpp"
#include "cli/format.hpp"

#include <array>
#include <cmath>

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

constexpr std::array<const char*, k_phases> k_names = {"selecting",   "uploading", "waiting",
                                                       "downloading", "writing",   "indexing"};

// Long enough to smooth work that comes in chunks, short enough to follow a change.
constexpr double k_memory_seconds = 8;

constexpr auto k_shortest_sample = std::chrono::milliseconds(250);

// A longer estimate means nothing.
constexpr double k_longest_estimate = 30.0 * 24 * 3600;

double seconds_between(Clock::Steady from, Clock::Steady to) {
  return std::chrono::duration<double>(to - from).count();
}

} // namespace

void PhaseMeter::expect(Amount total) {
  m_total.rows += total.rows;
  m_total.bytes += total.bytes;
}

void PhaseMeter::advance(Amount done) {
  if (!m_active)
    return;
  m_done.rows += done.rows;
  m_done.bytes += done.bytes;
  if (!m_first_rows)
    m_first_rows = m_done.rows;
}

void PhaseMeter::sample(Clock::Steady now) {
  if (!active() || now - m_sampled < k_shortest_sample)
    return;
  const double gone = seconds_between(m_sampled, now);
  const double fade = std::exp(-gone / k_memory_seconds);
  const auto refresh = [&](double& recent, std::uint64_t before, std::uint64_t after) {
    recent = recent * fade + static_cast<double>(after - before);
  };
  refresh(m_recent_rows, m_sampled_done.rows, m_done.rows);
  refresh(m_recent_bytes, m_sampled_done.bytes, m_done.bytes);
  m_recent_seconds = m_recent_seconds * fade + gone;
  m_sampled = now;
  m_sampled_done = m_done;
}

std::string PhaseMeter::text(Clock::Steady now, Detail detail) const {
  const std::string name = k_names[static_cast<std::size_t>(m_phase)];
  if (detail == Detail::name)
    return name;
  std::string text = name;
  if (!knows_nothing())
    text += " " + (detail < Detail::amount ? share() : amounts(detail == Detail::all));
  if (const auto whole = static_cast<std::uint64_t>(std::llround(rate()));
      detail >= Detail::rate && m_phase != Phase::wait && whole > 0)
    text += unit() == Unit::rows ? fmt::format(", {}/s", counted(whole, "row"))
                                 : fmt::format(", {}/s", human_bytes(whole));
  if (detail == Detail::all && !m_description.empty())
    text += ", " + m_description;
  return detail >= Detail::left ? text + time_text(now) : text;
}

std::string PhaseMeter::summary(Clock::Steady now) const {
  const auto took = std::chrono::duration_cast<std::chrono::seconds>(now - m_began);
  const std::string name = k_names[static_cast<std::size_t>(m_phase)];
  return fmt::format(
      "{}{} took {}", name, knows_nothing() ? "" : " " + amounts(true), human_duration(took));
}

// Transfers are measured in bytes: these grow steadily, while rows are added a file at a time.
PhaseMeter::Unit PhaseMeter::unit() const {
  const bool transfers = m_phase == Phase::upload || m_phase == Phase::download;
  const bool has_bytes = m_total.bytes > 0 || m_done.bytes > 0;
  const bool has_rows = m_total.rows > 0 || m_done.rows > 0;
  return has_bytes && (transfers || !has_rows) ? Unit::bytes : Unit::rows;
}

std::uint64_t PhaseMeter::in_unit(const Amount& amount) const {
  return unit() == Unit::rows ? amount.rows : amount.bytes;
}

double PhaseMeter::rate() const {
  if (m_recent_seconds <= 0)
    return 0;
  return (unit() == Unit::rows ? m_recent_rows : m_recent_bytes) / m_recent_seconds;
}

// A wait has no amount until the provider has reported one.
bool PhaseMeter::knows_nothing() const {
  return m_phase == Phase::wait && m_total.rows == 0 && m_done.rows == 0;
}

// "24%", or how much was done if the total is not known.
std::string PhaseMeter::share() const {
  if (in_unit(m_total) > 0)
    return percent(in_unit(m_done), in_unit(m_total));
  return unit() == Unit::rows ? counted(m_done.rows, "row") : human_bytes(m_done.bytes);
}

// "12,345 of 50,000 rows (24%), 45.2 MiB"
std::string PhaseMeter::amounts(bool both_units) const {
  const bool rows = unit() == Unit::rows;
  std::string text = rows ? human_count(m_done.rows) : human_bytes(m_done.bytes);
  if (in_unit(m_total) > 0)
    text += fmt::format(
        " of {} ({})", rows ? counted(m_total.rows, "row") : human_bytes(m_total.bytes), share());
  else if (rows)
    text = counted(m_done.rows, "row");
  if (both_units && rows && m_done.bytes > 0)
    text += ", " + human_bytes(m_done.bytes);
  if (both_units && !rows && m_done.rows > 0)
    text += ", " + counted(m_done.rows, "row");
  return text;
}

// ", 11s left"; a wait also says how long it has been, and guesses by what came since it began.
std::string PhaseMeter::time_text(Clock::Steady now) const {
  if (m_phase == Phase::wait) {
    const auto gone = std::chrono::duration_cast<std::chrono::seconds>(now - m_began);
    const std::uint64_t came = m_done.rows - m_first_rows.value_or(m_done.rows);
    const std::string text = fmt::format(", {} so far", human_duration(gone));
    if (came == 0 || m_done.rows >= m_total.rows)
      return text;
    const double left = static_cast<double>(gone.count())
                        * static_cast<double>(m_total.rows - m_done.rows)
                        / static_cast<double>(came);
    return left > k_longest_estimate
               ? text
               : fmt::format(
                     "{}, about {} left", text,
                     human_duration(std::chrono::seconds(std::llround(left))));
  }
  const auto left = time_left();
  return left ? fmt::format(", {} left", human_duration(*left)) : "";
}

std::optional<std::chrono::seconds> PhaseMeter::time_left() const {
  const std::uint64_t total = in_unit(m_total);
  const std::uint64_t done = in_unit(m_done);
  if (total <= done || rate() <= 0)
    return std::nullopt;
  const double seconds = static_cast<double>(total - done) / rate();
  if (seconds > k_longest_estimate)
    return std::nullopt;
  return std::chrono::seconds(std::llround(seconds));
}

} // namespace embedctl::cli
