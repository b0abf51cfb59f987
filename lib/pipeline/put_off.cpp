#include "pipeline/apply.hpp"

#include <algorithm>
#include <utility>

namespace embedctl::pipeline {

using store::BatchRecord;

namespace {

constexpr Clock::Duration k_first_pause{500};
constexpr Clock::Duration k_longest_pause{30'000};

} // namespace

// Nothing of a batch that is put off is settled: it is written again from its result files, and
// what is written already is found written.
bool Application::put_off(BatchRecord& batch, const BatchIngest& ingest) {
  if (ingest.locked() > 0) {
    m_locked.push_back({&batch, ingest.locked()});
    return true;
  }
  auto doubt = ingest.doubt();
  if (!doubt || (doubt->is_about_missing && m_options.accept_missing_rows) || has_found_rows())
    return false;
  m_doubtful.push_back({&batch, std::move(doubt->why)});
  return true;
}

// Rows that were found show that this is the table, and that it can be written.
bool Application::has_found_rows() const {
  return std::ranges::any_of(m_run.batches(), [](const BatchRecord& batch) {
    return batch.is_ingested()
           && batch.rows[RowState::written] + batch.rows[RowState::already_set]
                      + batch.rows[RowState::stale]
                  > 0;
  });
}

void Application::come_back(Tally& tally) {
  Clock& clock = m_ports.runtime.clock;
  const auto start = clock.steady();
  m_comes_back = true;
  for (auto pause = k_first_pause; !m_locked.empty();
       pause = std::min(2 * pause, k_longest_pause)) {
    if (m_options.lock_patience && clock.steady() + pause - start > *m_options.lock_patience) {
      tally.add(WaitUntil{clock.steady() + k_longest_pause});
      break;
    }
    clock.sleep_for(pause);
    for (const Locked& each : std::exchange(m_locked, {})) {
      if (!write(*each.batch))
        m_unsettled.push_back(each.batch);
      const bool is_locked = !m_locked.empty() && m_locked.back().batch == each.batch;
      const std::uint64_t left = is_locked ? std::min(each.rows, m_locked.back().rows) : 0;
      m_ports.runtime.progress.advance(Phase::write, {each.rows - left, 0});
    }
  }
  const auto doubtful = std::exchange(m_doubtful, {});
  for (const Doubtful& each : doubtful)
    if (!has_found_rows())
      tally.add(each.why);
    else if (!write(*each.batch))
      m_unsettled.push_back(each.batch);
}

} // namespace embedctl::pipeline
