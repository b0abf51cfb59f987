#include "pipeline/in_flight.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "pipeline/copies.hpp"
#include "store/ledger.hpp"
#include "store/run.hpp"

#include <fmt/format.h>

namespace embedctl::pipeline {

namespace {

// Compares resolved names if both have one: a table may have several names.
bool same_table(const store::RunRecord& a, const store::RunRecord& b) {
  return a.table.empty() || b.table.empty() ? a.task.rows.table == b.task.rows.table
                                            : a.table == b.table;
}

bool same_target(const store::RunRecord& a, const store::RunRecord& b) {
  return same_table(a, b) && a.task.target.column == b.task.target.column;
}

// The same rows under another name of the database would be paid for twice.
[[noreturn]] void
refuse_other_database(const std::filesystem::path& folder, const store::RunRecord& run) {
  throw Error(
      ErrorKind::usage,
      fmt::format(
          "unfinished run {} of {} {} belongs to database \"{}\" ({}), which is not the one that "
          "DATABASE_URL names",
          folder.string(), run.task.scopes.noun, printable(run.scope),
          printable(run.database.name), run.database.system_identifier),
      fmt::format(
          "if that database was renamed, upgraded or restored: embedctl adopt --run-dir {}; if this "
          "is another one: use another --batches-dir for it",
          folder.string()));
}

} // namespace

std::vector<InFlight>
rows_in_flight(const std::filesystem::path& batches_dir, const store::RunRecord& mine) {
  std::vector<InFlight> in_flight;
  Copies copies;
  for (const auto& folder : store::all_runs(batches_dir)) {
    if (store::is_surely_finished(store::RunPaths(folder).record()))
      continue;
    const auto record = store::load_run_record(store::RunPaths(folder).record());
    copies.add(folder, record);
    if (record.finished || record.dry_run || !same_target(record, mine))
      continue;
    if (!may_be_same(record.database, mine.database)) {
      if (record.scope == mine.scope)
        refuse_other_database(folder, record);
      continue;
    }
    const store::Run run = store::Run::load(folder);
    run.check_balance();
    std::vector<std::filesystem::path> ledgers;
    for (const store::BatchRecord& batch : run.batches())
      if (batch.state != store::BatchState::planned && !batch.is_ingested())
        ledgers.push_back(run.paths(batch).rows());
    if (ledgers.empty())
      continue;
    in_flight.push_back(
        {folder.string(), [ledgers](const std::function<void(std::string_view)>& take) {
           for (const auto& ledger : ledgers)
             store::for_each_key(ledger, take);
         }});
  }
  return in_flight;
}

} // namespace embedctl::pipeline
