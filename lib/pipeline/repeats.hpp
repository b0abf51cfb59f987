#pragma once

#include "store/batch_record.hpp"
#include "store/layout.hpp"
#include "store/ledger.hpp"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace embedctl::pipeline {

// What a first look through a batch's result files tells before anything is written: which
// requests have several answers that disagree.
struct Repeats {
  std::uint64_t repeated_lines = 0; // identical repeats
  std::vector<bool> conflicting;    // for each request of the ledger
};

// The result files of a batch that are there, in either form, output first.
std::vector<std::filesystem::path>
result_files(const store::BatchPaths& paths, const store::BatchRecord& batch);

// Reads the result files once, and only the ids unless an id occurs twice. Call it before writing
// anything: the second answer of a row may come last.
Repeats find_repeats(
    const store::BatchPaths& paths, const store::BatchRecord& batch, const store::Ledger& ledger);

} // namespace embedctl::pipeline
