#include "pipeline/adopt.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "pipeline/submit.hpp"
#include "store/ledger.hpp"

#include <string>
#include <vector>

#include <fmt/format.h>

namespace embedctl::pipeline {

namespace {

Adoption examine(const store::Run& run, RowSource& source) {
  Adoption adoption;
  for (const store::BatchRecord& batch : run.batches()) {
    if (batch.state == store::BatchState::planned || batch.is_ingested())
      continue;
    const auto ledger = store::Ledger::load(run.paths(batch).rows());
    std::vector<std::string> keys;
    for (std::size_t row = 0; row < ledger.rows(); ++row)
      keys.emplace_back(ledger.key(row));
    adoption.rows += ledger.rows();
    adoption.unchanged += source.count_unchanged(keys, ledger.fingerprints()).rows;
  }
  return adoption;
}

} // namespace

Adoption adopt(store::Run& run, RowSource& source) {
  const std::string folder = run.paths().folder().string();
  if (run.record().finished)
    throw Error(
        ErrorKind::usage, fmt::format("run \"{}\" is finished", folder),
        "only an unfinished run can be adopted; nothing was changed");
  const Claim claim(
      store::place_of(store::batches_dir_of(run), run.task(), run.record().scope), source,
      RowsOfScope{run.record().scope});
  const DatabaseIdentity database = source.identity();
  const std::string table = source.table();
  if (may_be_same(database, run.record().database) && run.record().table == table)
    throw Error(
        ErrorKind::usage,
        fmt::format("run \"{}\" belongs to database \"{}\" already", folder, printable(database.name)),
        "resume it with: embedctl run --run-dir DIR");
  const Adoption adoption = examine(run, source);
  if (2 * adoption.unchanged < adoption.rows)
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "only {} of the {} rows of this run are in database \"{}\" with the text that they were "
            "selected with",
            adoption.unchanged, adoption.rows, printable(database.name)),
        "set DATABASE_URL to the database that has these rows; nothing was changed");
  store::RunRecord record = run.record();
  record.database = database;
  record.table = table;
  run.save(std::move(record));
  return adoption;
}

} // namespace embedctl::pipeline
