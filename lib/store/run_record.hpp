#pragma once

#include "core/provider_identity.hpp"
#include "core/row_source.hpp"
#include "core/task.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace embedctl::store {

enum class SelectionState {
  running,     // rows are being selected, or were when the process died
  complete,    // the snapshot was read to its end
  interrupted, // cut short; the rows not reached belong to no run
};

// run.json: everything the run was made with, so that it resumes whatever the configuration says by
// then. No secrets.
struct RunRecord {
  std::string version; // of the embedctl that made it
  std::string run_id;  // random; names the run at the provider
  std::int64_t created_at = 0;
  Task task;
  std::string scope;
  std::string executor = "batch";
  std::optional<ProviderIdentity> provider; // none before it was first contacted
  DatabaseIdentity database;
  std::string table; // as the database resolved it: "public.items"; empty in a run of format 1
  std::uint64_t max_requests_per_batch = 0;
  std::uint64_t max_bytes_per_batch = 0;
  std::optional<std::uint64_t> limit;
  bool dry_run = false; // never sent so far: holds no rows in flight
  SelectionState selection = SelectionState::running;
  std::optional<std::uint64_t> rows_selected; // once the selection is over
  bool finished = false;                      // every batch is ingested; nothing is left to do
};

// Throws Error{usage} if the folder is not a run or has a newer format, Error{corrupt} if it is
// damaged.
RunRecord load_run_record(const std::filesystem::path& path);

// Whether a record of the current format says that its run is finished. Much cheaper than loading
// it, because nothing is parsed: there may be ten thousand. False if in doubt.
bool is_surely_finished(const std::filesystem::path& path);
void save_run_record(const std::filesystem::path& path, const RunRecord& record);

} // namespace embedctl::store
