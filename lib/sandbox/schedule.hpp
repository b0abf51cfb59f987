#pragma once

#include "sandbox/batch.hpp"
#include "sandbox/options.hpp"

namespace embedctl::sandbox {

// The timing of a batch: a function of its creation and cancellation times only, so that a slow
// machine is late but otherwise behaves the same.
class Schedule {
public:
  explicit Schedule(const Options& options);

  Instant expires_at(Instant created_at) const { return created_at + m_window; }
  Instant validated_at(const Batch& batch) const { return batch.created_at + m_validating; }

  // When all requests have run, if nothing intervenes.
  Instant executed_at(const Batch& batch) const;
  Instant completed_at(const Batch& batch) const { return executed_at(batch) + m_finalizing; }

  // Of a batch that is being cancelled.
  Instant cancelled_at(const Batch& batch) const { return *batch.cancelling_at + m_cancelling; }

  // Of a batch in progress: whether the window closes before it is complete.
  bool expires(const Batch& batch) const { return batch.expires_at < completed_at(batch); }

  // How many requests are run by then; none after expiry or cancellation.
  std::uint64_t executed_by(const Batch& batch, Instant now) const;

private:
  Millis m_validating;
  Millis m_in_progress;
  Millis m_finalizing;
  Millis m_cancelling;
  Millis m_window;
};

} // namespace embedctl::sandbox
