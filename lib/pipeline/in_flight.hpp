#pragma once

#include "core/row_source.hpp"
#include "store/run.hpp"

#include <filesystem>
#include <vector>

namespace embedctl::pipeline {

// The rows that unfinished runs of this entity and database hold: sent, or about to be. A run
// whose records cannot be read makes it throw, because its rows cannot be told: better no submit
// than one that pays twice. Dry runs hold nothing.
std::vector<InFlight> rows_in_flight(
    const std::filesystem::path& batches_dir,
    const Entity& entity,
    const DatabaseIdentity& database);

} // namespace embedctl::pipeline
