#pragma once

#include "core/clock.hpp"
#include "store/run.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace embedctl::cli {

// A run in words.
std::string words_for(store::RunState state); // "prepared, not sent"
std::string words_for(const store::Run& run, const store::BatchRecord& batch);

// The command that moves the run on; empty if it is finished.
std::string next_command(const store::Run& run);

// "next: COMMAND" and a newline; empty if the run is finished.
std::string next_line(const store::Run& run);

struct RunList {
  std::string text; // a table, and the next command of each run
  std::string json; // an array
  std::size_t runs = 0;
  bool has_damaged = false; // listed all the same
};

// The runs that `wanted` accepts. With their sizes if `sizes` is set, which takes longer.
RunList list_runs(
    const std::filesystem::path& batches_dir,
    const std::function<bool(const store::Run& run)>& wanted,
    bool sizes,
    Clock& clock);

} // namespace embedctl::cli
