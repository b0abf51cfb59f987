#pragma once

#include "pipeline/advance.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace embedctl::pipeline {

// Stays with a run until it is done or blocked: passes of advance(), and sleep between them. Where
// an index is dropped, all batches are applied together. The run must be locked.
Outcome run_to_end(store::Run& run, const AdvanceOptions& options, const Ports& ports);

// One pass of it.
Outcome run_once(store::Run& run, const AdvanceOptions& options, const Ports& ports);

// The runs of the task and scope that are neither finished nor dry, oldest first.
std::vector<store::Run> unfinished_runs(
    const std::filesystem::path& batches_dir, const Task& task, const std::string& scope);

} // namespace embedctl::pipeline
