#pragma once

#include "core/answer_sink.hpp"
#include "pipeline/poll.hpp"
#include "pipeline/work.hpp"
#include "store/run.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace embedctl::pipeline {

struct Verification {
  std::vector<std::string> problems; // what does not hold, batch by batch
  std::uint64_t rows_checked = 0;    // against the database
  std::uint64_t changed_since = 0;   // written, and edited or deleted by someone since
};

// Recomputes the books from the files and the database: that the input file is what was recorded,
// that every row has exactly one state, that the lists and the counts agree, and that each row
// recorded as written holds exactly its own vector, unless its text has changed or it is gone.
Verification verify(
    const store::Run& run,
    const BatchFilter& filter,
    std::size_t chunk_size,
    AnswerSink& sink,
    Work work);

} // namespace embedctl::pipeline
