#pragma once

#include "pipeline/advance.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace embedctl::pipeline {

// Repeats advance() and sleeps in between until a run is done or blocked. If an index is dropped,
// all batches are applied together. The run must be locked.
Outcome run_to_end(store::Run& run, const AdvanceOptions& options, const Ports& ports);

// A single pass.
Outcome run_once(store::Run& run, const AdvanceOptions& options, const Ports& ports);

// Unfinished runs of the task and scope, without dry runs, oldest first.
std::vector<store::Run> unfinished_runs(
    const std::filesystem::path& batches_dir, const Task& task, const std::string& scope);

} // namespace embedctl::pipeline
