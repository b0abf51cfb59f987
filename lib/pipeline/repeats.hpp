#pragma once

#include "core/request.hpp"
#include "store/batch_record.hpp"
#include "store/layout.hpp"
#include "store/ledger.hpp"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace embedctl::pipeline {

// The requests of a batch that were answered several times.
struct Repeats {
  std::uint64_t repeated_lines = 0; // with the same answer as an earlier line
  std::vector<bool> conflicting;    // for each request of the ledger: its answers differ
};

// The result files of a batch that are there, in either form, output first.
std::vector<std::filesystem::path>
result_files(const store::BatchPaths& paths, const store::BatchRecord& batch);

// Reads the result files once, and only the ids unless an id occurs twice. Call it before writing
// anything: the second answer to a request may come last.
Repeats find_repeats(
    const store::BatchPaths& paths,
    const store::BatchRecord& batch,
    const store::Ledger& ledger,
    RequestKind kind);

} // namespace embedctl::pipeline
