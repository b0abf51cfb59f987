#include "pg/retry.hpp"

#include "base/error.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace embedctl::pg {

namespace {

constexpr Clock::Duration k_first_pause{100};
constexpr Clock::Duration k_longest_pause{10'000};

Error used_up(const Error& error, int attempts, Clock::Steady::duration elapsed) {
  Error last(
      error.kind(),
      fmt::format(
          "{} (tried {} times in {} s)", error.what(), attempts,
          std::chrono::duration_cast<std::chrono::seconds>(elapsed).count()),
      error.hint());
  last.sqlstate = error.sqlstate;
  return last;
}

} // namespace

void retry_while_away(
    Clock& clock,
    std::chrono::milliseconds timeout,
    ProgressSink* progress,
    const std::function<void()>& attempt) {
  const auto start = clock.steady();
  auto pause = k_first_pause;
  for (int attempts = 1;; ++attempts) {
    try {
      return attempt();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unreachable)
        throw;
      const auto elapsed = clock.steady() - start;
      if (elapsed + pause > timeout)
        throw used_up(error, attempts, elapsed);
      if (progress != nullptr)
        progress->note(
            NoteLevel::info, fmt::format(
                                 "{}; retrying in {:.1f} s", error.what(),
                                 std::chrono::duration<double>(pause).count()));
    }
    clock.sleep_for(pause);
    pause = std::min(2 * pause, k_longest_pause);
  }
}

} // namespace embedctl::pg
