#pragma once

#include "core/answer_sink.hpp"
#include "pipeline/poll.hpp"
#include "pipeline/runtime.hpp"
#include "store/run.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace embedctl::pipeline {

struct Verification {
  std::vector<std::string> problems; // what does not hold, batch by batch
  std::uint64_t rows_checked = 0;    // against the database
  std::uint64_t changed_since = 0;   // of these: the text was edited or the row deleted since
};

// Recomputes the books from the files and the database: that the input file is what was recorded,
// that every row has exactly one state, that the lists and the counts agree, and that each row
// recorded as written holds exactly its own vector. A row whose text has changed since, or that is
// gone, is counted, whatever vector it holds.
Verification verify(
    const store::Run& run,
    const BatchFilter& filter,
    std::size_t chunk_size,
    AnswerSink& sink,
    Runtime runtime);

} // namespace embedctl::pipeline
