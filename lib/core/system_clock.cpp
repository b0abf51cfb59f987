#include "core/system_clock.hpp"

namespace embedctl {

std::int64_t SystemClock::unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void SystemClock::sleep_for(Duration duration) {
  m_stop.wait_for(duration);
  m_stop.throw_if_requested();
}

} // namespace embedctl
