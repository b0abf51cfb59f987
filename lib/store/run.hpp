#pragma once

#include "base/file_lock.hpp"
#include "core/rows.hpp"
#include "store/batch_record.hpp"
#include "store/index_record.hpp"
#include "store/layout.hpp"
#include "store/run_record.hpp"

#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace embedctl::store {

// The state of a run, derived from its batches.
enum class RunState {
  prepared,   // a dry run: nothing was sent
  incomplete, // something is still to be sent
  in_flight,  // all is sent, some batches are with the provider
  ended, // the provider is done; results are still to be ingested, or an index to be built again
  finished,
};
std::string_view to_string(RunState state);

// A run folder: its records in memory and on disk. Load it to read, lock it to write. References to
// batches stay valid while more are added.
class Run {
public:
  // Creates and locks a run folder for the task and scope, with its run.json.
  static Run create(const fs::path& batches_dir, RunRecord record);

  // Throws as load_run_record does.
  static Run load(const fs::path& folder);

  // Throws Error{locked} if another process has it. Reloads the records, because they may have
  // changed before the lock was taken.
  void lock();
  bool is_locked() const { return m_lock.has_value(); }

  // Made by this process: its folder cannot be a copy.
  bool is_new() const { return m_is_new; }

  const RunPaths& paths() const { return m_paths; }
  BatchPaths paths(const BatchRecord& batch) const { return m_paths.batch(batch.number); }

  // These never change, and may be read while another thread saves the record.
  const std::string& id() const { return m_id; }
  const Task& task() const { return m_task; }

  const RunRecord& record() const { return m_record; }
  void save(RunRecord record);

  std::deque<BatchRecord>& batches() { return m_batches; }
  const std::deque<BatchRecord>& batches() const { return m_batches; }
  void save(const BatchRecord& batch) const;

  // Indexes that an ingest dropped and that are not known to be rebuilt.
  IndexRecord missing_indexes() const { return load_index_record(m_paths.indexes()); }
  void save(const IndexRecord& record) const;

  // Removes batches whose files were never finished; returns how many there were.
  int drop_planned();

  // Marks the selection as over.
  void close_selection(SelectionState state);

  // Updates `finished` in run.json if it has changed.
  void settle();

  // Checks the counts: the row states of each batch must add up to its rows, and all batches to
  // what was selected. Returns the first mismatch, or nullopt.
  std::optional<std::string> imbalance() const;

  // Throws Error{corrupt} on a mismatch. Called by lock(): rows missing from every batch may be in
  // flight, and must not be sent again.
  void check_balance() const;

  RunState state() const;
  RowCounts rows() const;

private:
  explicit Run(fs::path folder) : m_paths(std::move(folder)) {}
  void read();
  void become(RunRecord record);

  RunPaths m_paths;
  std::string m_id;
  Task m_task;
  RunRecord m_record;
  std::deque<BatchRecord> m_batches;
  std::optional<FileLock> m_lock;
  bool m_is_new = false;
};

// The folder of a task and scope's runs: <batches_dir>/<scope> for the built-in task, and
// <batches_dir>/<entity>.<task>/<scope> for others, encoded so that any text can be a scope.
fs::path place_of(const fs::path& batches_dir, const Task& task, const std::string& scope);

// The folder that the run's place lies under, whatever the working folder.
fs::path batches_dir_of(const Run& run);

// Locked while rows are selected and sent: one submit per place.
FileLock lock_place(const fs::path& place);

// The folders in a folder, sorted; none if it does not exist.
std::vector<fs::path> folders_in(const fs::path& folder);

// The run folders in a place, or all under <batches_dir>, oldest first.
std::vector<fs::path> runs_in(const fs::path& place);
std::vector<fs::path> all_runs(const fs::path& batches_dir);

// The run folder and the number of the batch whose batch.json this is.
struct BatchAddress {
  fs::path run_folder;
  int number = 0;
};
BatchAddress address_of(const fs::path& batch_file);

} // namespace embedctl::store
