#include "pipeline/run.hpp"

#include "pipeline/sender.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;

namespace {

constexpr std::chrono::minutes k_longest_pause{15};

// When each refused batch is sent again: the pause doubles with each refusal.
class Resending {
public:
  Resending(store::Run& run, BatchProvider& provider, const RunOptions& options, Work work)
      : m_run(run),
        m_sender(run, provider, work, options.sending.grace),
        m_first_pause(options.poll_interval),
        m_work(work) {}

  void send_what_is_due() {
    for (BatchRecord& batch : m_run.batches()) {
      if (!batch.was_refused() || remedy_for(batch) == Remedy::none)
        continue;
      const auto [due, is_new] = m_due.try_emplace(batch.number, Clock::Steady{});
      if (is_new)
        due->second = m_work.clock.steady() + announce(batch);
      if (m_work.clock.steady() < due->second)
        continue;
      m_due.erase(due);
      m_sender.send(batch);
    }
  }

private:
  std::chrono::milliseconds announce(const BatchRecord& batch) {
    std::chrono::milliseconds pause = m_first_pause;
    for (std::size_t i = 0; i < batch.refusals.size() && pause < k_longest_pause; ++i)
      pause *= 2;
    pause = std::min<std::chrono::milliseconds>(pause, k_longest_pause);
    m_work.progress.note(
        NoteLevel::warning, fmt::format(
                                "batch {:03} was refused ({}); it is sent again in {} s",
                                batch.number, refusal_of(batch).code,
                                std::chrono::duration_cast<std::chrono::seconds>(pause).count()));
    return pause;
  }

  store::Run& m_run;
  Sender m_sender;
  std::chrono::seconds m_first_pause;
  Work m_work;
  std::map<int, Clock::Steady> m_due;
};

// Tells how far the provider is, by its own counts.
class Waiting {
public:
  explicit Waiting(ProgressSink& progress) : m_progress(progress) {}

  bool begun() const { return m_total > 0; }

  void show(const store::Run& run) {
    std::uint64_t total = 0;
    std::uint64_t done = 0;
    for (const BatchRecord& batch : run.batches()) {
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
  }

private:
  static std::uint64_t believable(std::int64_t count, const BatchRecord& batch) {
    return count < 0 ? 0 : std::min(static_cast<std::uint64_t>(count), batch.requests);
  }

  ProgressSink& m_progress;
  std::uint64_t m_total = 0;
  std::uint64_t m_done = 0;
};

bool all_ingested(const store::Run& run) {
  return std::all_of(run.batches().begin(), run.batches().end(), [](const BatchRecord& batch) {
    return batch.is_ingested();
  });
}

std::uint64_t rows_to_come(const store::Run& run) {
  std::uint64_t rows = 0;
  for (const BatchRecord& batch : run.batches())
    if (!batch.is_ingested())
      rows += batch.requests;
  return rows;
}

bool never_sent(const store::Run& run) {
  return std::any_of(run.batches().begin(), run.batches().end(), [](const BatchRecord& batch) {
    return !batch.is_sent();
  });
}

} // namespace

void run_to_end(
    store::Run& run,
    const RunOptions& options,
    RowSource& source,
    BatchProvider& provider,
    VectorSink& sink,
    IndexKeeper& keeper,
    Work work) {
  if (never_sent(run) || run.record().selection == store::SelectionState::running)
    send_rest(run, &source, provider, options.sending, false, work);
  Resending resending(run, provider, options, work);
  Waiting waiting(work.progress);
  IngestOptions ingest_options = options.ingest;
  // An index is built once for all batches and not again after each. What is to be done again is
  // done in the first pass.
  const bool at_once = options.ingest.index != IndexPolicy::keep
                       && wants_rebuild(options.ingest.index, rows_to_come(run), keeper, work);
  ingest_options.together = at_once && !options.ingest.again && !options.ingest.redownload;
  for (;;) {
    ingest(run, std::nullopt, ingest_options, &provider, sink, keeper, work);
    if (all_ingested(run)) {
      if (waiting.begun())
        waiting.show(run);
      break;
    }
    resending.send_what_is_due();
    waiting.show(run);
    work.clock.sleep_for(options.poll_interval);
    // What was asked to be done again has been done again once.
    ingest_options.redownload = ingest_options.again = false;
    ingest_options.together = at_once;
  }
  work.progress.finish(Phase::wait);
}

std::vector<store::Run>
unfinished_runs(const std::filesystem::path& batches_dir, const std::string& scope) {
  std::vector<store::Run> runs;
  for (const auto& folder : store::find_runs(batches_dir, scope)) {
    const auto record = store::load_run_record(store::RunPaths(folder).record());
    if (!record.finished && !record.dry_run)
      runs.push_back(store::Run::load(folder));
  }
  return runs;
}

} // namespace embedctl::pipeline
