#include "pipeline/batch_ingest.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "pipeline/repeats.hpp"
#include "store/tsv.hpp"

#include <optional>

#include <fmt/format.h>

namespace embedctl::pipeline {

namespace {

constexpr std::size_t k_longest_message = 300;

} // namespace

BatchIngest::BatchIngest(
    store::BatchPaths paths,
    const store::BatchRecord& batch,
    const Request& request,
    const WriteOptions& options,
    Brake& brake,
    AnswerSink& sink,
    Runtime runtime)
    : m_paths(std::move(paths)),
      m_batch(batch),
      m_request(request),
      m_options(options),
      m_brake(brake),
      m_sink(sink),
      m_runtime(runtime),
      m_ledger(store::Ledger::load(m_paths.rows())),
      m_states(m_ledger.rows(), RowState::pending),
      m_failed{m_paths.failed(), nullptr},
      m_left{m_paths.left(), nullptr},
      m_quarantine{m_paths.quarantine(), nullptr} {
  if (m_ledger.rows() != batch.asked || m_ledger.requests() != batch.requests)
    throw Error(
        ErrorKind::corrupt, fmt::format(
                                "\"{}\" has {} rows and {} requests, but batch.json says {} and {}",
                                m_paths.rows().string(), m_ledger.rows(), m_ledger.requests(),
                                batch.asked, batch.requests));
}

bool BatchIngest::run(
    const std::string& code, const std::function<bool(std::uint64_t answered)>& may_fail) {
  std::vector<std::size_t> missing;
  const Repeats repeats = find_repeats(m_paths, m_batch, m_ledger, m_request.kind);
  m_findings.repeated_lines = repeats.repeated_lines;
  ChunkWriter writer(
      static_cast<std::size_t>(m_request.dims), m_options.chunk_size, m_brake, m_sink, m_runtime,
      [this](std::size_t row, const RowOutcome& outcome) { record(row, outcome); });
  std::optional<std::size_t> counted; // the rows of a request come one after the other
  for_each_answer(
      m_paths, m_batch, m_ledger, repeats, m_request,
      {[&](std::size_t row, std::span<const float> vector) {
         writer.add(row, m_ledger.key(row), m_ledger.fingerprint(row), vector);
         const std::size_t request = m_ledger.request_of(row);
         m_vectors += counted != request ? 1 : 0;
         counted = request;
         ++m_offered;
       },
       [this](std::size_t row, const requests::Failure& failure) {
         fail(row, failure.code, failure.message);
       },
       [&](std::size_t request) { missing.push_back(request); },
       [this](std::string_view line, Stray why) { set_aside(line, why); }});
  writer.finish();
  const bool is_settled = missing.empty() || (m_locked == 0 && may_fail(m_ledger.requests() - missing.size()));
  if (is_settled)
    fail_missing(missing, code);
  if (m_locked == 0)
    finish_lists();
  return is_settled;
}

void BatchIngest::fail_missing(
    const std::vector<std::size_t>& requests, const std::string& code) {
  const std::string message = fmt::format(
      "the batch is {} and has no answer for this row",
      m_batch.remote ? m_batch.remote->status_text : "over");
  for (const std::size_t request : requests)
    m_ledger.for_each_row_of(
        request, [&](std::size_t row) { fail(row, code, message); });
}

void BatchIngest::fail_all(const std::string& code, const std::string& message) {
  for (std::size_t row = 0; row < m_states.size(); ++row)
    fail(row, code, message);
  finish_lists();
}

void BatchIngest::record(std::size_t row, const RowOutcome& outcome) {
  if (outcome.state == RowState::failed) {
    if (m_refused++ == 0)
      m_refusal = outcome.message;
    m_is_refused_alike = m_is_refused_alike && m_refusal == outcome.message;
    return fail(row, outcome.code, outcome.message);
  }
  m_states[row] = outcome.state;
  if (outcome.state == RowState::pending) {
    ++m_locked;
    return;
  }
  if (outcome.state != RowState::written)
    m_left.add(store::tsv_line({m_ledger.key(row), to_string(outcome.state)}));
  m_runtime.progress.advance(Phase::write, {1, 0});
}

void BatchIngest::fail(std::size_t row, std::string_view code, std::string_view message) {
  m_states[row] = RowState::failed;
  m_failed.add(store::tsv_line(
      {m_ledger.key(row), printable(code, k_longest_message),
       printable(message, k_longest_message)}));
  m_runtime.progress.advance(Phase::write, {1, 0});
}

void BatchIngest::set_aside(std::string_view line, Stray why) {
  m_findings.damaged_lines += why == Stray::damaged ? 1 : 0;
  m_findings.unknown_ids += why == Stray::unknown ? 1 : 0;
  m_quarantine.add(line);
  m_quarantine.add("\n");
}

void BatchIngest::finish_lists() {
  m_failed.finish();
  m_left.finish();
  m_quarantine.finish();
}

std::optional<BatchIngest::Doubt> BatchIngest::doubt() const {
  constexpr std::uint64_t k_several = 2;
  const auto run = m_paths.folder().parent_path().parent_path();
  const std::string all = fmt::format("all {} rows of batch {:03}", m_offered, m_batch.number);
  if (m_offered > 0 && rows()[RowState::missing_row] == m_offered)
    return Doubt{
        Error(
            ErrorKind::database, all + " are missing in the table",
            "is this the right schema (search_path) and role (row-level security may hide rows)? "
            "Nothing was settled; if the rows were really deleted: embedctl ingest --run-dir "
                + run.string() + " --accept-missing-rows"),
        true};
  if (m_offered >= k_several && m_refused == m_offered && m_is_refused_alike)
    return Doubt{Error(
        ErrorKind::database,
        fmt::format("{} are refused by the database: {}", all, printable(m_refusal)),
        "mend the table, its triggers, rules and policies, then run the same command again; the"
        " answers are kept")};
  return std::nullopt;
}

RowCounts BatchIngest::rows() const {
  RowCounts rows;
  for (const RowState state : m_states)
    ++rows[state];
  rows[RowState::skipped] += m_batch.skipped;
  return rows;
}

void BatchIngest::List::add(std::string_view line) {
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
