#pragma once

#include "core/row_source.hpp"
#include "store/run_record.hpp"

#include <filesystem>
#include <vector>

namespace embedctl::pipeline {

// The rows that unfinished runs have in flight, sent or about to be, for the table and target of
// the run `mine`. Throws if a run's records cannot be read, because its rows are unknown: failing
// is better than paying twice; and if a run of the same scope belongs to another database, which may
// be the same one under another name. Dry runs have nothing in flight.
std::vector<InFlight>
rows_in_flight(const std::filesystem::path& batches_dir, const store::RunRecord& mine);

} // namespace embedctl::pipeline
