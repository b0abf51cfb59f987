#include "pipeline/batch_ingest.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "pipeline/results.hpp"
#include "store/tsv.hpp"

#include <fmt/format.h>

namespace embedctl::pipeline {

namespace {

constexpr std::size_t k_longest_message = 300;

} // namespace

BatchIngest::BatchIngest(
    store::BatchPaths paths,
    const store::BatchRecord& batch,
    std::size_t dims,
    std::size_t chunk_size,
    VectorSink& sink,
    Work work)
    : m_paths(std::move(paths)),
      m_batch(batch),
      m_dims(dims),
      m_chunk_size(chunk_size),
      m_sink(sink),
      m_work(work),
      m_ledger(store::Ledger::load(m_paths.rows())),
      m_states(m_ledger.size(), RowState::pending),
      m_failed{m_paths.failed(), nullptr},
      m_left{m_paths.left(), nullptr} {
  if (m_ledger.size() != batch.requests)
    throw Error(
        ErrorKind::corrupt, fmt::format(
                                "\"{}\" holds {} rows, and {} were sent", m_paths.rows().string(),
                                m_ledger.size(), batch.requests));
  m_chunk.dims = dims;
}

const Survey& BatchIngest::survey() {
  m_survey = survey_results(m_paths, m_batch, m_ledger);
  return m_survey;
}

void BatchIngest::run() {
  const std::string ended_as = m_batch.remote ? m_batch.remote->status_text : "over";
  for_each_result(
      m_paths, m_batch, m_ledger, m_survey, m_dims, ended_as,
      {[this](std::size_t row, std::span<const float> vector) { queue(row, vector); },
       [this](std::size_t row, const json::RowFailure& failure) {
         fail(row, failure.code, failure.message);
       }});
  flush();
  finish_lists();
}

void BatchIngest::fail_all(const std::string& code, const std::string& message) {
  for (std::size_t row = 0; row < m_states.size(); ++row)
    fail(row, code, message);
  finish_lists();
}

void BatchIngest::queue(std::size_t row, std::span<const float> vector) {
  m_chunk.add(m_ledger.key(row), m_ledger.fingerprint(row), vector);
  m_chunk_rows.push_back(row);
  ++m_vectors;
  if (m_chunk.size() == m_chunk_size)
    flush();
}

void BatchIngest::flush() {
  if (m_chunk.size() == 0)
    return;
  m_work.stop.throw_if_requested();
  const auto states = m_sink.write(m_chunk);
  for (std::size_t i = 0; i < states.size(); ++i)
    settle(m_chunk_rows[i], states[i]);
  m_work.progress.advance(Phase::write, {states.size(), 0});
  m_chunk.clear();
  m_chunk_rows.clear();
}

void BatchIngest::settle(std::size_t row, RowState state) {
  if (state == RowState::failed)
    return fail(row, "not_updated", "the database accepted the update and did not change the row");
  m_states[row] = state;
  if (state != RowState::written)
    m_left.add(store::tsv_line({m_ledger.key(row), to_string(state)}));
}

void BatchIngest::fail(std::size_t row, std::string_view code, std::string_view message) {
  m_states[row] = RowState::failed;
  m_failed.add(store::tsv_line(
      {m_ledger.key(row), printable(code, k_longest_message),
       printable(message, k_longest_message)}));
  m_work.progress.advance(Phase::write, {1, 0});
}

void BatchIngest::finish_lists() {
  m_failed.finish();
  m_left.finish();
}

RowCounts BatchIngest::rows() const {
  RowCounts rows;
  for (const RowState state : m_states)
    ++rows[state];
  rows[RowState::skipped] += m_batch.skipped;
  return rows;
}

void BatchIngest::List::add(const std::string& line) {
  if (!file)
    file = std::make_unique<AtomicFile>(path);
  file->write(line);
}

void BatchIngest::List::finish() {
  if (file)
    file->commit();
  else
    remove_durably(path); // what an earlier ingest may have left
}

} // namespace embedctl::pipeline
