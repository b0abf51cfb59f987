#include "pipeline/chunk_writer.hpp"

#include <algorithm>
#include <utility>

namespace embedctl::pipeline {

namespace {

constexpr std::size_t k_at_a_time = 2;

// Vector bytes per chunk; three chunks are in memory.
constexpr std::size_t k_most_bytes = std::size_t{6} << 20;

} // namespace

ChunkWriter::ChunkWriter(
    std::size_t dims,
    std::size_t chunk_size,
    Brake& brake,
    AnswerSink& sink,
    Runtime runtime,
    OnOutcome on_outcome)
    : m_chunk_size(std::clamp(k_most_bytes / (dims * sizeof(float)), std::size_t{1}, chunk_size)),
      m_brake(brake),
      m_sink(sink),
      m_runtime(runtime),
      m_on_outcome(std::move(on_outcome)) {
  if (brake.rows_per_second() > 0)
    m_chunk_size = std::min(m_chunk_size, brake.rows_per_second());
  m_making.vectors.dims = dims;
}

void ChunkWriter::add(
    std::size_t row,
    std::string_view key,
    const Fingerprint& fingerprint,
    std::span<const float> vector) {
  m_making.vectors.add(key, fingerprint, vector);
  m_making.rows.push_back(row);
  if (m_making.rows.size() == m_chunk_size)
    hand_over();
}

void ChunkWriter::finish() {
  if (!m_making.rows.empty())
    hand_over();
  while (!m_writing.empty())
    collect();
}

void ChunkWriter::hand_over() {
  Chunk spare;
  if (m_writing.size() == k_at_a_time)
    spare = collect();
  m_runtime.stop.throw_if_requested();
  m_brake.wait(m_making.rows.size());
  spare.vectors.dims = m_making.vectors.dims;
  Write& write = m_writing.emplace_back();
  write.chunk = std::exchange(m_making, std::move(spare));
  write.written =
      std::async(std::launch::async, [this, &write] { return m_sink.write(write.chunk.vectors); });
}

// Waits for the oldest chunk and recycles its memory.
ChunkWriter::Chunk ChunkWriter::collect() {
  const std::vector<RowOutcome> outcomes = m_writing.front().written.get();
  Chunk chunk = std::move(m_writing.front().chunk);
  m_writing.pop_front();
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    m_on_outcome(chunk.rows[i], outcomes[i]);
  chunk.vectors.clear();
  chunk.rows.clear();
  return chunk;
}

} // namespace embedctl::pipeline
