#pragma once

#include "core/index_keeper.hpp"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace embedctl::store {

// indexes.json: what a load dropped, or was about to drop, and what is not known to be there again.
// It is on disk before the first index is dropped and removed after the last is back.
struct IndexRecord {
  std::int64_t dropped_at = 0;
  std::vector<VectorIndex> indexes; // in the order in which they are to be built
};

// No index where there is no file. Throws as load_run_record does.
IndexRecord load_index_record(const std::filesystem::path& path);

// Removes the file where there is no index.
void save_index_record(const std::filesystem::path& path, const IndexRecord& record);

} // namespace embedctl::store
