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

// Long enough that chunked work does not make the rate jump, short enough to follow a change.
constexpr double k_memory_seconds = 8;

constexpr auto k_shortest_sample = std::chrono::milliseconds(250);

// Beyond this an estimate tells nothing.
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

std::string PhaseMeter::text(Clock::Steady now) const {
  std::string text = amounts();
  if (m_phase == Phase::wait) {
    const auto waited = std::chrono::duration_cast<std::chrono::seconds>(now - m_began);
    return text + fmt::format(", {} so far", human_duration(waited));
  }
  if (const auto whole = static_cast<std::uint64_t>(std::llround(rate())); whole > 0)
    text += unit() == Unit::rows ? fmt::format(", {}/s", counted(whole, "row"))
                                 : fmt::format(", {}/s", human_bytes(whole));
  if (const auto left = time_left())
    text += fmt::format(", {} left", human_duration(*left));
  return text;
}

std::string PhaseMeter::summary(Clock::Steady now) const {
  const auto took = std::chrono::duration_cast<std::chrono::seconds>(now - m_began);
  return fmt::format("{} took {}", amounts(), human_duration(took));
}

// Transfers are counted in bytes because these flow, while their rows come a file at a time.
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

std::string PhaseMeter::amounts() const {
  const auto share = [](std::uint64_t done, std::uint64_t total) {
    return total > 0 ? fmt::format(" ({})", percent(done, total)) : std::string();
  };
  const std::string name = k_names[static_cast<std::size_t>(m_phase)];
  if (m_phase == Phase::wait && m_total.rows == 0 && m_done.rows == 0)
    return name;
  if (unit() == Unit::bytes) {
    std::string text = name + " " + human_bytes(m_done.bytes);
    if (m_total.bytes > 0)
      text += " of " + human_bytes(m_total.bytes) + share(m_done.bytes, m_total.bytes);
    return m_done.rows > 0 ? text + ", " + counted(m_done.rows, "row") : text;
  }
  std::string text = name + " ";
  text += m_total.rows > 0 ? human_count(m_done.rows) + " of " + counted(m_total.rows, "row")
                                 + share(m_done.rows, m_total.rows)
                           : counted(m_done.rows, "row");
  return m_done.bytes > 0 ? text + ", " + human_bytes(m_done.bytes) : text;
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
