#pragma once

#include "sandbox/executor.hpp"
#include "sandbox/files.hpp"
#include "sandbox/schedule.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace embedctl::sandbox {

// The batches and their life cycle. Thread-safe; calls return at once, and the work is done in
// catch_up(). State is in <dir>; an engine started there resumes it.
class Engine {
public:
  Engine(const Options& options, fs::path dir, const MovableClock& clock, FileStore& files);

  Batch create(BatchRequest request);
  std::optional<Batch> find(const std::string& id) const;

  // Newest first; nullopt if `after` (an id, or empty) is unknown.
  std::optional<Page<Batch>> list(const std::string& after, std::size_t limit) const;

  // Throws ApiError if there is none or if it has ended.
  Batch cancel(const std::string& id);

  // Advances every batch to the current clock time. Returns early after abandon().
  void catch_up();
  void abandon() { m_abandoned = true; }

  LedgerSummary billed() const { return m_ledger.summary(); }

private:
  // Each does what is due and returns whether there was anything.
  bool step(const std::string& id);
  bool step_validating(Batch& batch);
  bool step_in_progress(Batch& batch);
  bool step_finalizing(Batch& batch);
  bool step_cancelling(Batch& batch);

  void validate(Batch& batch);
  void check_queue(Batch& batch) const;
  bool execute(Batch& batch);
  bool expire(Batch& batch);
  bool give_up_rest(Batch& batch, const char* code, const char* message);
  void end(Batch& batch, RemoteStatus status, Instant when);
  void publish_files(Batch& batch);

  std::vector<std::string> unfinished() const;
  void keep(const Batch& worked_on);
  void save(const Batch& batch) const;
  BatchPaths paths(const Batch& batch) const { return BatchPaths(m_dir, batch.id); }

  const Options m_options;
  const fs::path m_dir;
  const MovableClock& m_clock;
  const Schedule m_schedule;
  FileStore& m_files;

  std::mutex m_work; // held by the one thread that catches up
  mutable std::mutex m_mutex;
  std::map<std::string, Batch> m_batches;
  std::map<std::uint64_t, std::string> m_by_sequence;
  Ledger m_ledger;
  Executor m_executor;
  std::atomic<bool> m_abandoned{false};
};

} // namespace embedctl::sandbox
