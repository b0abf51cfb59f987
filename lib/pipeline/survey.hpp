#pragma once

#include "store/batch_record.hpp"
#include "store/layout.hpp"
#include "store/ledger.hpp"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace embedctl::pipeline {

// What a first look through a batch's result files tells before anything is written: which rows
// have several answers that disagree.
struct Survey {
  std::uint64_t repeated_lines = 0; // identical repeats
  std::vector<bool> conflicting;    // for each row of the ledger
};

// The result files of a batch that are there, in either form, output first.
std::vector<std::filesystem::path>
result_files(const store::BatchPaths& paths, const store::BatchRecord& batch);

Survey survey_results(
    const store::BatchPaths& paths, const store::BatchRecord& batch, const store::Ledger& ledger);

} // namespace embedctl::pipeline
