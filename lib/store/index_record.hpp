#pragma once

#include "core/index_keeper.hpp"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace embedctl::store {

// indexes.json: indexes that an ingest dropped or was about to drop, and that are not known to be
// rebuilt. Written before the first index is dropped and removed after the last is rebuilt.
struct IndexRecord {
  std::int64_t dropped_at = 0;
  std::vector<VectorIndex> indexes; // in the order in which they are to be built
};

// Empty if the file does not exist. Throws as load_run_record does.
IndexRecord load_index_record(const std::filesystem::path& path);

// Removes the file if there are no indexes.
void save_index_record(const std::filesystem::path& path, const IndexRecord& record);

} // namespace embedctl::store
