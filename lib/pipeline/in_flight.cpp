#include "pipeline/in_flight.hpp"

#include "store/ledger.hpp"

namespace embedctl::pipeline {

namespace {

bool same_rows(
    const store::RunRecord& run, const Entity& entity, const DatabaseIdentity& database) {
  return run.entity.table == entity.table && run.entity.target_column == entity.target_column
         && may_be_same(run.database, database);
}

} // namespace

std::vector<InFlight> rows_in_flight(
    const std::filesystem::path& batches_dir,
    const Entity& entity,
    const DatabaseIdentity& database) {
  std::vector<InFlight> in_flight;
  for (const auto& folder : store::find_runs(batches_dir, std::nullopt)) {
    const auto record = store::load_run_record(store::RunPaths(folder).record());
    if (record.finished || record.dry_run || !same_rows(record, entity, database))
      continue;
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
