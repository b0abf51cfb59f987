#pragma once

#include "store/run.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace embedctl::store {

// When a run was made or its record last saved, whichever is later; in unix seconds.
std::int64_t last_change_of(const Run& run);

// Bytes of all files below.
std::uint64_t size_of(const std::filesystem::path& folder);

// Why a run must not be removed; empty if nothing is lost with it.
std::string reason_to_keep(const Run& run);

// Removes a run whole: it gets a name that no reader takes for a run, then its files go. Throws
// Error{locked} if another process works on it, and Error{usage} where reason_to_keep() has one
// once it is locked.
void remove_run(const std::filesystem::path& folder);

// Finishes removals in the places of the scopes under <batches_dir> that were interrupted.
void finish_removals(const std::filesystem::path& batches_dir);

} // namespace embedctl::store
