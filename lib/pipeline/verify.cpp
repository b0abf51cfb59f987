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

#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

namespace {

// nullopt if the line has no state that this list may contain.
using StateOf = std::function<std::optional<RowState>(const std::vector<std::string>& fields)>;

std::optional<RowState> left_state(const std::vector<std::string>& fields) {
  for (const RowState state : {RowState::already_set, RowState::stale, RowState::missing_row})
    if (fields.size() == 2 && fields[1] == to_string(state))
      return state;
  return std::nullopt;
}

class BatchVerification {
public:
  BatchVerification(
      const store::BatchPaths& paths, const BatchRecord& batch, Verification& verification)
      : m_paths(paths), m_batch(batch), m_verification(verification) {}

  void run(const Request& request, std::size_t chunk_size, AnswerSink& sink, Runtime runtime);

private:
  void problem(const std::string& what);
  void expect_equal(const std::string& what, std::uint64_t found, std::uint64_t recorded);
  void expect_none(std::uint64_t count, const char* one, const char* many);

  bool load_ledger();
  bool is_archive_sound(const fs::path& file, const StopFlag& stop);
  void check_input();
  void check_lists();
  void check_failed_alone();
  void read_list(const fs::path& path, const StateOf& state_of);
  void check_vectors(const Request& request, std::size_t chunk_size, AnswerSink& sink, Runtime runtime);
  void compare(const AnswerChunk& chunk, AnswerSink& sink);

  const store::BatchPaths& m_paths;
  const BatchRecord& m_batch;
  Verification& m_verification;
  std::optional<store::Ledger> m_ledger;
  std::map<std::size_t, RowState> m_listed; // rows that a list names, with their state
  std::uint64_t m_without_vector = 0;
  std::uint64_t m_other_vector = 0;
};

void BatchVerification::run(
    const Request& request, std::size_t chunk_size, AnswerSink& sink, Runtime runtime) {
  if (!load_ledger())
    return;
  if (is_archive_sound(m_paths.input(), runtime.stop))
    check_input();
  if (!m_batch.is_ingested())
    return;
  if (m_batch.state == BatchState::replaced)
    return check_failed_alone();
  check_lists();
  const bool output = is_archive_sound(m_paths.output(), runtime.stop);
  const bool errors = is_archive_sound(m_paths.errors(), runtime.stop);
  if (output && errors)
    check_vectors(request, chunk_size, sink, runtime);
}

void BatchVerification::problem(const std::string& what) {
  m_verification.problems.push_back(fmt::format("batch {:03}: {}", m_batch.number, what));
}

void BatchVerification::expect_equal(
    const std::string& what, std::uint64_t found, std::uint64_t recorded) {
  if (found != recorded)
    problem(fmt::format("{}: {} found, {} in batch.json", what, found, recorded));
}

void BatchVerification::expect_none(std::uint64_t count, const char* one, const char* many) {
  if (count > 0)
    problem(fmt::format("{} {}", human_count(count), count == 1 ? one : many));
}

// What is damaged is a problem of this batch, and keeps no other one from being verified.
bool BatchVerification::load_ledger() {
  try {
    m_ledger = store::Ledger::load(m_paths.rows());
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt && error.kind() != ErrorKind::io)
      throw;
    problem(error.what());
    return false;
  }
}

bool BatchVerification::is_archive_sound(const fs::path& file, const StopFlag& stop) {
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
  expect_equal("rows in rows.tsv", m_ledger->rows(), m_batch.asked);
  expect_equal("requests in rows.tsv", m_ledger->requests(), m_batch.requests);
  if (!store::is_there(m_paths.input(), m_batch))
    return problem("input.jsonl is missing");
  if (sha256_of(*store::open_either(m_paths.input(), m_batch)) != m_batch.sha256)
    problem("the SHA-256 of input.jsonl is not the recorded one");
  std::uint64_t lines = 0;
  std::uint64_t strangers = 0;
  json::LineReader input(store::open_either(m_paths.input(), m_batch));
  while (input.next()) {
    if (!input.too_long()) { // as a request may be, and no result
      const auto request = json::Document::try_parse(input.line());
      const auto id = request ? request->root().string("custom_id") : std::nullopt;
      if (!id || m_ledger->find_request(*id) != lines)
        ++strangers;
    }
    ++lines;
  }
  expect_equal("requests in input.jsonl", lines, m_batch.requests);
  expect_none(
      strangers, "line of input.jsonl does not match rows.tsv",
      "lines of input.jsonl do not match rows.tsv");
}

void BatchVerification::check_lists() {
  RowCounts rows;
  if (fs::exists(m_paths.skipped()))
    for (json::LineReader lines(m_paths.skipped()); lines.next();)
      ++rows[RowState::skipped];
  read_list(m_paths.failed(), [](const auto&) { return RowState::failed; });
  read_list(m_paths.left(), left_state);
  for (const auto& [row, state] : m_listed)
    ++rows[state];
  rows[RowState::written] = m_ledger->rows() - m_listed.size();
  for (std::size_t i = 0; i < k_row_states; ++i) {
    const auto state = static_cast<RowState>(i);
    expect_equal(fmt::format("{} rows", to_string(state)), rows[state], m_batch.rows[state]);
  }
}

// The other rows of a replaced batch count in the batches that replace it.
void BatchVerification::check_failed_alone() {
  read_list(m_paths.failed(), [](const auto&) { return RowState::failed; });
  expect_equal("failed rows", m_listed.size(), m_batch.rows[RowState::failed]);
}

void BatchVerification::read_list(const fs::path& path, const StateOf& state_of) {
  if (!fs::exists(path))
    return;
  for (json::LineReader lines(path); lines.next();) {
    const auto where = [&] {
      return fmt::format("line {} of {}", lines.number(), path.filename().string());
    };
    const auto fields = store::tsv_fields(lines.line());
    const auto row = m_ledger->find_row(fields[0]);
    const auto state = state_of(fields);
    if (!row || !state)
      problem(where() + " is not a row of this batch with its state");
    else if (!m_listed.emplace(*row, *state).second)
      problem(where() + " lists a row that is listed already");
  }
}

void BatchVerification::check_vectors(
    const Request& request, std::size_t chunk_size, AnswerSink& sink, Runtime runtime) {
  AnswerChunk chunk;
  chunk.dims = static_cast<std::size_t>(request.dims);
  std::uint64_t without_result = 0;
  const auto is_written = [&](std::size_t row) { return !m_listed.contains(row); };
  // A row whose results disagree is listed as failed, and is not looked at again.
  Repeats repeats;
  repeats.conflicting.resize(m_ledger->requests());
  for_each_answer(
      m_paths, m_batch, *m_ledger, repeats, request,
      {[&](std::size_t row, std::span<const float> vector) {
         if (!is_written(row))
           return;
         chunk.add(m_ledger->key(row), m_ledger->fingerprint(row), vector);
         if (chunk.size() < chunk_size)
           return;
         runtime.stop.throw_if_requested();
         compare(chunk, sink);
         chunk.clear();
       },
       [&](std::size_t row, const requests::Failure&) {
         without_result += is_written(row) ? 1 : 0;
       },
       [&](std::size_t missing) {
         m_ledger->for_each_row_of(
             missing, [&](std::size_t row) { without_result += is_written(row) ? 1 : 0; });
       },
       [](std::string_view, Stray) {}});
  if (chunk.size() > 0)
    compare(chunk, sink);
  expect_none(
      without_result, "row recorded as written has no result",
      "rows recorded as written have no result");
  expect_none(
      m_without_vector, "row recorded as written has no vector",
      "rows recorded as written have no vector");
  expect_none(
      m_other_vector, "row recorded as written has a different vector",
      "rows recorded as written have a different vector");
}

void BatchVerification::compare(const AnswerChunk& chunk, AnswerSink& sink) {
  for (const RowState state : sink.examine(chunk)) {
    m_without_vector += state == RowState::pending ? 1 : 0;
    m_other_vector += state == RowState::already_set ? 1 : 0;
    if (state == RowState::stale || state == RowState::missing_row)
      ++m_verification.changed_since;
  }
  m_verification.rows_checked += chunk.size();
}

std::uint64_t rows_of_replacements(const store::Run& run, const BatchRecord& batch) {
  std::uint64_t rows = 0;
  for (const BatchRecord& other : run.batches())
    if (std::ranges::find(batch.replaced_by, other.number) != batch.replaced_by.end())
      rows += other.asked;
  return rows;
}

} // namespace

Verification verify(
    const store::Run& run,
    const BatchFilter& filter,
    std::size_t chunk_size,
    AnswerSink& sink,
    Runtime runtime) {
  Verification verification;
  if (const auto imbalance = run.imbalance())
    verification.problems.push_back(*imbalance);
  for (const BatchRecord& batch : run.batches())
    if (const std::uint64_t rows = rows_of_replacements(run, batch);
        batch.state == BatchState::replaced
        && rows + batch.rows[RowState::failed] != batch.asked)
      verification.problems.push_back(fmt::format(
          "batch {:03}: {} of its {} rows are in the batches that replace it", batch.number, rows,
          batch.asked));
  for (const BatchRecord& batch : run.batches())
    if (matches(filter, batch) && batch.state != BatchState::planned) {
      const auto paths = run.paths(batch);
      BatchVerification(paths, batch, verification)
          .run(run.record().task.request, chunk_size, sink, runtime);
    }
  return verification;
}

} // namespace embedctl::pipeline
