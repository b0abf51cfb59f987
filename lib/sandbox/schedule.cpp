#include "sandbox/schedule.hpp"

#include <algorithm>

namespace embedctl::sandbox {

Schedule::Schedule(const Options& options)
    : m_validating(to_millis(options.validating_seconds)),
      m_in_progress(to_millis(options.in_progress_seconds)),
      m_finalizing(to_millis(options.finalizing_seconds)),
      m_cancelling(to_millis(options.cancelling_seconds)),
      m_window(to_millis(options.window_seconds)) {}

Instant Schedule::executed_at(const Batch& batch) const {
  return *batch.in_progress_at + m_in_progress;
}

std::uint64_t Schedule::executed_by(const Batch& batch, Instant now) const {
  Instant until = std::min(now, batch.expires_at);
  if (batch.cancelling_at)
    until = std::min(until, *batch.cancelling_at);
  if (until >= executed_at(batch))
    return batch.progress.total;
  if (until <= *batch.in_progress_at)
    return 0;
  const auto share = static_cast<double>((until - *batch.in_progress_at).count())
                     / static_cast<double>(m_in_progress.count());
  return static_cast<std::uint64_t>(share * static_cast<double>(batch.progress.total));
}

} // namespace embedctl::sandbox
