#pragma once

#include "base/input_stream.hpp"
#include "base/stop.hpp"
#include "store/batch_record.hpp"
#include "store/layout.hpp"

#include <filesystem>
#include <memory>
#include <vector>

namespace embedctl::store {

// input.jsonl, output.jsonl and errors.jsonl of a batch exist plain, packed, or both after a crash
// in between. The plain file wins; an archive counts only if batch.json lists it.

// Whether the file exists in either form.
bool is_there(const fs::path& plain, const BatchRecord& batch);

// Opens the file in either form. Throws Error{corrupt} for a damaged archive, now or while reading.
std::unique_ptr<InputStream> open_either(const fs::path& plain, const BatchRecord& batch);

// The same for parallel reading: two ranges of whole lines, or one if the file is packed or small.
std::vector<std::unique_ptr<InputStream>>
open_halves(const fs::path& plain, const BatchRecord& batch);

// Throws Error{corrupt} if a file that exists only packed is not the one that was packed. Reading
// detects a damaged archive, but not a different one in its place.
void check_archive(const fs::path& plain, const BatchRecord& batch, const StopFlag& stop);

// Takes an `ingested` batch to `archived`: packs plain files, verifies the archives, records them
// in batch.json, and only then removes the plain files. Safe to repeat after a crash at any point.
// Throws Error{io} if the disk is full or fails, and keeps every file that has no verified archive.
void archive(const BatchPaths& paths, BatchRecord& batch, const StopFlag& stop);

} // namespace embedctl::store
