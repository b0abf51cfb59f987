#pragma once

#include "core/answer_sink.hpp"
#include "pipeline/brake.hpp"
#include "pipeline/work.hpp"

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

// Writes chunks of vectors, two at a time, while its user makes the next. The database needs a
// processor for about as long as two of them; more writers than that gained nothing.
class ChunkWriter {
public:
  // What became of a row of the ledger. Called by write() and finish(), on their thread.
  using Settle = std::function<void(std::size_t row, RowState state)>;

  // Chunks have so many rows at most, fewer where rows are wide or the brake says so.
  ChunkWriter(
      std::size_t dims,
      std::size_t chunk_size,
      Brake& brake,
      AnswerSink& sink,
      Work work,
      Settle settle);

  ChunkWriter(const ChunkWriter&) = delete;
  ChunkWriter& operator=(const ChunkWriter&) = delete;

  // Throws what became of an earlier chunk; the rows since then are not written.
  void
  add(std::size_t row,
      std::string_view key,
      const Fingerprint& fingerprint,
      std::span<const float> vector);

  // Writes what is left and waits until all is settled.
  void finish();

private:
  struct Chunk {
    AnswerChunk vectors;
    std::vector<std::size_t> rows;
  };

  // A chunk on its way. Where it lives does not change.
  struct Write {
    Chunk chunk;
    std::future<std::vector<RowState>> written; // its destructor, the first to run, waits
  };

  void hand_over();
  Chunk collect();

  std::size_t m_chunk_size;
  Brake& m_brake;
  AnswerSink& m_sink;
  Work m_work;
  Settle m_settle;
  Chunk m_making;
  std::deque<Write> m_writing; // in the order in which they began
};

} // namespace embedctl::pipeline
