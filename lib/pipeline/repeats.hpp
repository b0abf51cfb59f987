#pragma once

#include "base/input_stream.hpp"
#include "core/request.hpp"
#include "store/batch_record.hpp"
#include "store/layout.hpp"
#include "store/ledger.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
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

// How many requests have a line that is valid and has their id, whatever it says.
std::uint64_t count_answered(
    const store::BatchPaths& paths,
    const store::BatchRecord& batch,
    const store::Ledger& ledger,
    RequestKind kind);

// The same for one file.
std::uint64_t count_answered(
    std::unique_ptr<InputStream> file, const store::Ledger& ledger, RequestKind kind);

// Reads the result files once, and only the ids unless an id occurs twice. Call it before writing
// anything: the second answer to a request may come last.
Repeats find_repeats(
    const store::BatchPaths& paths,
    const store::BatchRecord& batch,
    const store::Ledger& ledger,
    RequestKind kind);

} // namespace embedctl::pipeline
