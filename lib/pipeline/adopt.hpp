#pragma once

#include "core/row_source.hpp"
#include "store/run.hpp"

#include <cstdint>

namespace embedctl::pipeline {

struct Adoption {
  std::uint64_t rows = 0;      // whose answers are still to be written
  std::uint64_t unchanged = 0; // of these, in the database with the text they were selected with
};

// Makes an unfinished run belong to the database of `source`: its own was renamed, upgraded or
// restored. Refused if most of its rows are not there with the same text, because then it is
// probably the wrong database. The run must be locked.
Adoption adopt(store::Run& run, RowSource& source);

} // namespace embedctl::pipeline
