#include "pipeline/verify.hpp"

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "pipeline/results.hpp"
#include "store/archive.hpp"
#include "store/ledger.hpp"
#include "store/tsv.hpp"
#include "json/line_reader.hpp"
#include "json/value.hpp"

#include <map>

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

namespace {

class BatchVerification {
public:
  BatchVerification(
      const store::BatchPaths& paths, const BatchRecord& batch, Verification& verification)
      : m_paths(paths),
        m_batch(batch),
        m_ledger(store::Ledger::load(paths.rows())),
        m_verification(verification) {}

  // Whether what is packed can be read.
  bool check_archive(const fs::path& file, const StopFlag& stop);
  void check_input();
  void check_lists();
  void check_vectors(std::size_t dims, std::size_t chunk_size, AnswerSink& sink, Work work);

private:
  void problem(const std::string& what) {
    m_verification.problems.push_back(fmt::format("batch {:03}: {}", m_batch.number, what));
  }
  void expect_equal(const char* what, std::uint64_t found, std::uint64_t recorded) {
    if (found != recorded)
      problem(fmt::format("{} are {}, and batch.json says {}", what, found, recorded));
  }
  void read_list(const fs::path& path, std::size_t state_field, RowState only);
  void compare(const AnswerChunk& chunk, AnswerSink& sink);

  const store::BatchPaths& m_paths;
  const BatchRecord& m_batch;
  store::Ledger m_ledger;
  Verification& m_verification;
  std::map<std::size_t, RowState> m_listed; // rows that a list names, with their state
};

// Whether it can be looked into.
bool BatchVerification::check_archive(const fs::path& file, const StopFlag& stop) {
  try {
    store::check_archive(file, m_batch, stop);
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt)
      throw;
    problem(fmt::format("{}; {}", error.what(), error.hint()));
    return false;
  }
}

// The input file is what the provider was sent, row by row.
void BatchVerification::check_input() {
  expect_equal("rows in rows.tsv", m_ledger.rows(), m_batch.asked);
  if (!store::is_there(m_paths.input(), m_batch))
    return problem("input.jsonl is missing");
  if (sha256_of(*store::open_either(m_paths.input(), m_batch)) != m_batch.sha256)
    problem("input.jsonl has another SHA-256 than recorded");
  std::uint64_t lines = 0;
  std::uint64_t strangers = 0;
  json::LineReader input(store::open_either(m_paths.input(), m_batch));
  while (input.next()) {
    if (input.too_long()) { // as a request may be, and no result
      ++lines;
      continue;
    }
    const auto request = json::Document::try_parse(input.line());
    const auto id = request ? request->root().string("custom_id") : std::nullopt;
    if (lines >= m_ledger.requests() || id != m_ledger.custom_id(lines))
      ++strangers;
    ++lines;
  }
  expect_equal("requests in input.jsonl", lines, m_batch.requests);
  if (strangers > 0)
    problem(fmt::format("{} lines of input.jsonl are not the rows of rows.tsv", strangers));
}

void BatchVerification::check_lists() {
  std::uint64_t skipped = 0;
  if (fs::exists(m_paths.skipped()))
    for (json::LineReader lines(m_paths.skipped()); lines.next();)
      ++skipped;
  expect_equal(fmt::format("lines in {}", m_paths.skipped().filename().string()).c_str(), skipped, m_batch.skipped);
  read_list(m_paths.failed(), 0, RowState::failed);
  read_list(m_paths.left(), 1, RowState::pending);

  RowCounts rows;
  for (const auto& [row, state] : m_listed)
    ++rows[state];
  rows[RowState::skipped] = skipped;
  rows[RowState::written] = m_ledger.rows() - m_listed.size();
  for (std::size_t i = 0; i < k_row_states; ++i) {
    const auto state = static_cast<RowState>(i);
    expect_equal(
        fmt::format("{} rows", to_string(state)).c_str(), rows[state], m_batch.rows[state]);
  }
}

// A list whose field `state_field` tells the state, or where all rows have the state `only`.
void BatchVerification::read_list(const fs::path& path, std::size_t state_field, RowState only) {
  if (!fs::exists(path))
    return;
  for (json::LineReader lines(path); lines.next();) {
    const auto fields = store::tsv_fields(lines.line());
    const auto row = m_ledger.find_row(fields[0]);
    if (!row || fields.size() <= state_field) {
      problem(fmt::format(
          "line {} of {} is no row of this batch", lines.number(), path.filename().string()));
      continue;
    }
    const RowState state = state_field == 0 ? only : row_state_from(fields[state_field]);
    if (!m_listed.emplace(*row, state).second)
      problem(fmt::format("a row is listed twice, in {} at last", path.filename().string()));
  }
}

void BatchVerification::check_vectors(
    std::size_t dims, std::size_t chunk_size, AnswerSink& sink, Work work) {
  if (m_batch.was_refused() || m_batch.rows[RowState::written] == 0)
    return;
  AnswerChunk chunk;
  chunk.dims = dims;
  std::uint64_t without_result = 0;
  const auto is_written = [&](std::size_t row) { return m_listed.count(row) == 0; };
  // A row whose results disagree is listed as failed, and is not looked at again.
  Repeats repeats;
  repeats.conflicting.resize(m_ledger.requests());
  for_each_answer(
      m_paths, m_batch, m_ledger, repeats, dims, "over",
      {[&](std::size_t row, std::span<const float> vector) {
         if (!is_written(row))
           return;
         chunk.add(m_ledger.key(row), m_ledger.fingerprint(row), vector);
         if (chunk.size() < chunk_size)
           return;
         work.stop.throw_if_requested();
         compare(chunk, sink);
         chunk.clear();
       },
       [&](std::size_t row, const requests::Failure&) { without_result += is_written(row) ? 1 : 0; },
       [](std::string_view, Stray) {}});
  if (chunk.size() > 0)
    compare(chunk, sink);
  if (without_result > 0)
    problem(fmt::format("{} rows count as written and have no result", without_result));
}

void BatchVerification::compare(const AnswerChunk& chunk, AnswerSink& sink) {
  std::uint64_t lost = 0;
  std::uint64_t other = 0;
  for (const RowState state : sink.examine(chunk)) {
    lost += state == RowState::pending ? 1 : 0;
    other += state == RowState::already_set ? 1 : 0;
    if (state == RowState::stale || state == RowState::missing_row)
      ++m_verification.changed_since;
  }
  m_verification.rows_checked += chunk.size();
  if (lost > 0)
    problem(fmt::format("{} rows count as written and have no vector", lost));
  if (other > 0)
    problem(fmt::format("{} rows count as written and hold another vector", other));
}

} // namespace

Verification verify(
    const store::Run& run,
    const BatchFilter& filter,
    std::size_t chunk_size,
    AnswerSink& sink,
    Work work) {
  Verification verification;
  if (const auto imbalance = run.imbalance())
    verification.problems.push_back(*imbalance);
  for (const BatchRecord& batch : run.batches()) {
    if (!matches(filter, batch) || batch.state == BatchState::planned)
      continue;
    const auto paths = run.paths(batch);
    BatchVerification check(paths, batch, verification);
    if (check.check_archive(paths.input(), work.stop))
      check.check_input();
    if (!batch.is_ingested())
      continue;
    check.check_lists();
    const bool output = check.check_archive(paths.output(), work.stop);
    const bool errors = check.check_archive(paths.errors(), work.stop);
    if (output && errors)
      check.check_vectors(
          static_cast<std::size_t>(run.record().task.request.dims), chunk_size, sink, work);
  }
  return verification;
}

} // namespace embedctl::pipeline
