#include "pipeline/apply.hpp"

#include "base/error.hpp"
#include "pipeline/books.hpp"
#include "pipeline/fetch.hpp"
#include "pipeline/repeats.hpp"
#include "pipeline/sender.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

void Application::settle_rest(Tally& tally) {
  if (m_unsettled.empty())
    return;
  Clock& clock = m_ports.runtime.clock;
  const auto until = clock.steady() + m_options.patience;
  for (std::chrono::milliseconds pause = std::chrono::seconds(1);; pause *= 2) {
    std::erase_if(m_unsettled, [&](BatchRecord* batch) { return try_again(*batch, tally); });
    const auto is_patient = [](const BatchRecord* batch) { return !batch->unsettled; };
    if (std::ranges::none_of(m_unsettled, is_patient) || clock.steady() + pause > until)
      break;
    m_ports.runtime.progress.note(
        NoteLevel::info,
        fmt::format(
            "batch {:03}: results are missing that the provider may have; asking again in {} s",
            m_unsettled.front()->number,
            std::chrono::duration_cast<std::chrono::seconds>(pause).count()));
    clock.sleep_for(pause);
  }
  for (BatchRecord* batch : m_unsettled)
    give_up(*batch, tally);
  m_unsettled.clear();
  come_back(tally); // to rows that were locked meanwhile
}

// Returns whether there is nothing more to ask.
bool Application::try_again(BatchRecord& batch, Tally& tally) {
  try {
    m_ports.executor.fetch(m_run, batch, Fetch::anew);
  } catch (const Error& error) {
    if (is_lost_file(error)) {
      hold(batch, error.what(), true, tally);
      return true;
    }
    if (error.kind() == ErrorKind::usage) { // no key: what is here is all there is
      hold(batch, fmt::format("results are missing, and {}", error.what()), false, tally);
      return true;
    }
    throw;
  }
  if (batch.state == BatchState::submitted || waits_to_be_resent(batch)) {
    tally.add(WaitUntil{m_ports.runtime.clock.steady() + std::chrono::seconds(5)});
    return true;
  }
  if (batch.was_refused() || answers_agree(batch))
    return write(batch);
  batch.state = BatchState::ended;
  m_run.save(batch);
  return false;
}

bool Application::answers_agree(BatchRecord& batch) {
  const std::uint64_t answered = count_answered(
      m_run.paths(batch), batch, store::Ledger::load(m_run.paths(batch).rows()),
      m_run.task().request.kind);
  return answered == batch.requests || has_no_more(batch, answered);
}

// Writes what came since, if anything did.
void Application::give_up(BatchRecord& batch, Tally& tally) {
  if (write(batch))
    return;
  const std::uint64_t answered = count_answered(
      m_run.paths(batch), batch, store::Ledger::load(m_run.paths(batch).rows()),
      m_run.task().request.kind);
  hold(
      batch,
      has_no_more(batch, answered) ? "a result file is not as long here as at the provider"
                                   : difference(batch, answered),
      false, tally);
}

void Application::hold(BatchRecord& batch, std::string why, bool lost, Tally& tally) {
  batch.state = BatchState::ended;
  batch.unsettled = {m_ports.runtime.clock.unix_seconds(), std::move(why), lost};
  m_run.save(batch);
  tally.add_held(unsettled_error(m_run, batch));
}

} // namespace embedctl::pipeline
