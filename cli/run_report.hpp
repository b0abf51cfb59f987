#pragma once

#include "cli/context.hpp"
#include "pipeline/poll.hpp"
#include "pipeline/submit.hpp"
#include "store/run.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace embedctl::cli {

// What a command says about runs when it is done: as text and as one JSON object.

// The table of batches, and the run's totals.
std::string run_table(const store::Run& run, const pipeline::BatchFilter& filter, Clock& clock);

// "2,000 rows selected: 1,990 written, 10 failed"
std::string row_totals(const RowCounts& rows);

std::string run_json(const store::Run& run, const pipeline::BatchFilter& filter);

// For a submit or a run; `earlier` are runs that were finished first.
std::string submit_json(const pipeline::SubmitReport& report);
std::string runs_json(const pipeline::SubmitReport& report, const std::vector<store::Run>& earlier);

// Throws why the run does not go on by itself, if it does not.
void throw_if_blocked(const pipeline::Outcome& outcome);

// Why nothing was selected, or what was left out.
std::string selection_text(const pipeline::SubmitReport& report, const Task& task);

// 3 if rows were skipped that nobody was told of before, and 0 otherwise.
int exit_code_without_run(const pipeline::SubmitReport& report);

// "3 × too_large, 1 × empty_text"
std::string grouped(const pipeline::RowsByCode& rows);

// Where to look for rows that got no vector; empty if there are none.
std::string list_hints(const store::Run& run);

// 0, 3 or 4 by what has become of the rows; 4 also while an index is missing, and 1 if the books do
// not balance.
int exit_code_of(const store::Run& run, const pipeline::BatchFilter& filter);

} // namespace embedctl::cli
