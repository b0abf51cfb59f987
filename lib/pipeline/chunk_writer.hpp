#pragma once

#include "core/answer_sink.hpp"
#include "pipeline/brake.hpp"
#include "pipeline/runtime.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <vector>

namespace embedctl::pipeline {

struct WriteOptions {
  std::size_t chunk_size = 1000;   // rows per commit
  std::size_t rows_per_second = 0; // no more than these; 0 for as fast as it goes
};

// Writes chunks of vectors, two at a time, while the caller fills the next. The database is then
// busy; more writers gained nothing.
class ChunkWriter {
public:
  // What became of a row of the ledger. Called from add() and finish(), on their thread.
  using OnOutcome = std::function<void(std::size_t row, const RowOutcome& outcome)>;

  // The maximum chunk size; less if rows are wide or the rate limit requires it.
  ChunkWriter(
      std::size_t dims,
      std::size_t chunk_size,
      Brake& brake,
      AnswerSink& sink,
      Runtime runtime,
      OnOutcome on_outcome);

  ChunkWriter(const ChunkWriter&) = delete;
  ChunkWriter& operator=(const ChunkWriter&) = delete;

  // Throws if an earlier chunk failed; later rows are not written.
  void
  add(std::size_t row,
      std::string_view key,
      const Fingerprint& fingerprint,
      std::span<const float> vector);

  // Writes the rest and waits for all results.
  void finish();

private:
  struct Chunk {
    AnswerChunk vectors;
    std::vector<std::size_t> rows;
  };

  // A chunk being written. Its address must not change.
  struct Write {
    Chunk chunk;
    std::future<std::vector<RowOutcome>> written; // its destructor, the first to run, waits
  };

  void hand_over();
  Chunk collect();

  std::size_t m_chunk_size;
  Brake& m_brake;
  AnswerSink& m_sink;
  Runtime m_runtime;
  OnOutcome m_on_outcome;
  Chunk m_making;
  std::deque<Write> m_writing; // in the order in which they began
};

} // namespace embedctl::pipeline
