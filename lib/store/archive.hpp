#pragma once

#include "base/input_stream.hpp"
#include "base/stop.hpp"
#include "store/batch_record.hpp"
#include "store/layout.hpp"

#include <filesystem>
#include <memory>
#include <vector>

namespace embedctl::store {

// A batch's input.jsonl, output.jsonl and errors.jsonl are there as they are, or packed, or both
// where a crash came between. The plain file counts; an archive counts where batch.json knows it.

// Whether it is there in either form.
bool is_there(const fs::path& plain, const BatchRecord& batch);

// Reads it in whichever form it is there. Throws Error{corrupt} for a damaged archive, now or when
// the damage is come upon.
std::unique_ptr<InputStream> open_either(const fs::path& plain, const BatchRecord& batch);

// The same, to be read side by side: in two parts of whole lines, or in one where it is packed or
// small.
std::vector<std::unique_ptr<InputStream>>
open_halves(const fs::path& plain, const BatchRecord& batch);

// Throws Error{corrupt} if a file that is there only packed is not the one that was packed. Reading
// it finds what happened to an archive, but not another one in its place.
void check_archive(const fs::path& plain, const BatchRecord& batch, const StopFlag& stop);

// Takes an `ingested` batch to `archived`: packs what is plain, verifies it, puts it on record and
// only then removes the plain files. A crash at any point loses nothing, and what it left is
// finished by doing it again. Throws Error{io} where the disk has no room or fails, leaving every
// file that has no verified archive as it was.
void archive(const BatchPaths& paths, BatchRecord& batch, const StopFlag& stop);

} // namespace embedctl::store
