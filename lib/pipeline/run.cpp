#include "pipeline/run.hpp"

#include "pipeline/sender.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;

namespace {

// Reports the provider's progress, by its own counts.
class Waiting {
public:
  Waiting(ProgressSink& progress, Clock& clock) : m_progress(progress), m_clock(clock) {}

  bool begun() const { return m_total > 0; }

  void show(const store::Run& run) {
    std::uint64_t total = 0;
    std::uint64_t done = 0;
    for (const BatchRecord& batch : run.batches()) {
      if (batch.state == store::BatchState::replaced)
        continue;
      total += batch.requests;
      if (batch.was_refused())
        continue; // it has run no request, and is sent again
      if (batch.state > store::BatchState::submitted)
        done += batch.requests;
      else if (batch.remote)
        done += std::min(
            batch.requests, believable(batch.remote->counts.completed, batch)
                                + believable(batch.remote->counts.failed, batch));
    }
    m_progress.expect(Phase::wait, {total - std::exchange(m_total, total), 0});
    if (done > m_done)
      m_progress.advance(Phase::wait, {done - std::exchange(m_done, done), 0});
    m_progress.describe(Phase::wait, description(run));
  }

private:
  // "2 in_progress, 1 validating, the first expires in 23 h"
  std::string description(const store::Run& run) const {
    std::map<std::string, int> statuses;
    std::int64_t expires_at = 0;
    for (const BatchRecord& batch : run.batches()) {
      if (batch.state != store::BatchState::submitted || !batch.remote)
        continue;
      ++statuses[batch.remote->status_text];
      const std::int64_t at = batch.remote->expires_at;
      if (at > 0 && (expires_at == 0 || at < expires_at))
        expires_at = at;
    }
    std::string text;
    for (const auto& [status, count] : statuses)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, status);
    const std::int64_t minutes = (expires_at - m_clock.unix_seconds()) / 60;
    if (minutes > 0)
      text += minutes < 120 ? fmt::format(", the first expires in {} min", minutes)
                            : fmt::format(", the first expires in {} h", minutes / 60);
    return text;
  }

  static std::uint64_t believable(std::int64_t count, const BatchRecord& batch) {
    return count < 0 ? 0 : std::min(static_cast<std::uint64_t>(count), batch.requests);
  }

  ProgressSink& m_progress;
  Clock& m_clock;
  std::uint64_t m_total = 0;
  std::uint64_t m_done = 0;
};

std::uint64_t rows_to_come(const store::Run& run) {
  std::uint64_t rows = 0;
  for (const BatchRecord& batch : run.batches())
    if (!batch.is_ingested())
      rows += batch.asked;
  return rows;
}

// An index is built once for all batches, not after each.
bool shall_apply_together(
    const store::Run& run, const AdvanceOptions& options, const Ports& ports) {
  const IndexPolicy policy = options.apply.index;
  return policy != IndexPolicy::keep
         && wants_rebuild(policy, rows_to_come(run), ports.indexes, ports.runtime);
}

// A blocked batch does not hold up the others.
std::optional<Clock::Steady> next_pass_after(const Outcome& outcome) {
  if (const auto* wait = std::get_if<WaitUntil>(&outcome))
    return wait->time;
  const auto* blocked = std::get_if<Blocked>(&outcome);
  return blocked != nullptr ? blocked->others : std::nullopt;
}

bool has_unsent(const store::Run& run) {
  return std::ranges::any_of(run.batches(), [](const BatchRecord& batch) {
    return !batch.is_sent() || batch.was_refused();
  });
}

// --overwrite and --redownload act in the first pass only.
bool does_again(const AdvanceOptions& options) {
  return options.apply.overwrite || options.apply.redownload;
}

} // namespace

Outcome run_to_end(store::Run& run, const AdvanceOptions& options, const Ports& ports) {
  Waiting waiting(ports.runtime.progress, ports.runtime.clock);
  AdvanceOptions pass = options;
  const bool together = shall_apply_together(run, options, ports);
  pass.together = together && !does_again(options);
  std::optional<Blocked> not_sent;
  for (;;) {
    const Outcome outcome = advance(run, pass, ports);
    const auto wait = next_pass_after(outcome);
    if (wait || waiting.begun())
      waiting.show(run);
    if (!wait) {
      ports.runtime.progress.finish(Phase::wait);
      return not_sent && std::holds_alternative<Done>(outcome) ? *not_sent : outcome;
    }
    if (const auto* blocked = std::get_if<Blocked>(&outcome); blocked && has_unsent(run)) {
      not_sent = *blocked;
      pass.send = false; // a large upload that is refused is not repeated at each poll
    }
    const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(
        *wait - ports.runtime.clock.steady());
    ports.runtime.clock.sleep_for(std::max(pause, std::chrono::milliseconds(0)));
    pass.apply.redownload = pass.apply.overwrite = false;
    pass.together = together;
  }
}

Outcome run_once(store::Run& run, const AdvanceOptions& options, const Ports& ports) {
  AdvanceOptions pass = options;
  pass.together = shall_apply_together(run, options, ports) && !does_again(options);
  return advance(run, pass, ports);
}

std::vector<store::Run> unfinished_runs(
    const std::filesystem::path& batches_dir, const Task& task, const std::string& scope) {
  std::vector<store::Run> runs;
  for (const auto& folder : store::runs_in(store::place_of(batches_dir, task, scope))) {
    if (store::is_surely_finished(store::RunPaths(folder).record()))
      continue;
    const auto record = store::load_run_record(store::RunPaths(folder).record());
    if (!record.finished && !record.dry_run && record.task.entity == task.entity
        && record.task.name == task.name && record.scope == scope)
      runs.push_back(store::Run::load(folder));
  }
  return runs;
}

} // namespace embedctl::pipeline
