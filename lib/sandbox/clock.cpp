#include "sandbox/clock.hpp"

#include "json/value.hpp"
#include "json/writer.hpp"

#include <cmath>

namespace embedctl::sandbox {

std::int64_t unix_seconds(Instant instant) {
  return std::chrono::floor<std::chrono::seconds>(instant).time_since_epoch().count();
}

Millis to_millis(double seconds) {
  return Millis(std::llround(seconds * 1000));
}

Instant MovableClock::now() const {
  const std::lock_guard lock(m_mutex);
  const auto base =
      m_frozen ? *m_frozen : std::chrono::floor<Millis>(std::chrono::system_clock::now());
  return base + m_moved_by;
}

void MovableClock::advance(Millis by) {
  const std::lock_guard lock(m_mutex);
  m_moved_by += by;
}

std::string MovableClock::state() const {
  const std::lock_guard lock(m_mutex);
  std::string out;
  json::Writer writer(out);
  writer.begin_object().field("moved_by", m_moved_by.count());
  if (m_frozen)
    writer.field("frozen_at", m_frozen->time_since_epoch().count());
  writer.end_object();
  return out;
}

MovableClock MovableClock::restored(const std::optional<std::string>& state, bool frozen) {
  Millis moved_by{0};
  auto start = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  if (state) {
    const auto document = json::Document::parse(*state, "the state of the sandbox's clock");
    moved_by = Millis(document.root().integer("moved_by").value_or(0));
    if (const auto frozen_at = document.root().integer("frozen_at"))
      start = Instant(Millis(*frozen_at));
  }
  return frozen ? frozen_at(start, moved_by) : running(moved_by);
}

} // namespace embedctl::sandbox
