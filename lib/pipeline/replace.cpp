#include "pipeline/replace.hpp"

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "pipeline/sender.hpp"
#include "store/batch_writer.hpp"
#include "store/ledger.hpp"
#include "store/tsv.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

namespace {

class Replacement {
public:
  Replacement(store::Run& run, BatchRecord& batch)
      : m_run(run), m_batch(batch), m_ledger(store::Ledger::load(run.paths(batch).rows())) {}

  void run();

private:
  void check_input() const;
  void name_lines();
  std::uint64_t number_of_parts() const;
  void record_intent();
  void write_parts();
  void finish_part(store::BatchWriter& writer);
  void write_failed() const;

  store::Run& m_run;
  BatchRecord& m_batch;
  store::Ledger m_ledger;
  std::map<std::size_t, RemoteError> m_named; // requests that are left out
  std::vector<BatchRecord> m_parts;
};

void Replacement::run() {
  check_input();
  if (remedy_for(m_batch) == Remedy::drop_lines)
    name_lines();
  record_intent();
  write_parts();
  write_failed();
  m_batch.rows = {};
  m_batch.rows[RowState::skipped] = m_batch.skipped;
  m_batch.rows[RowState::failed] = m_named.size();
  m_batch.state = BatchState::replaced;
  m_run.save(m_batch); // from here on the parts count
  for (BatchRecord& part : m_parts)
    m_run.batches().push_back(std::move(part));
}

void Replacement::check_input() const {
  const auto path = m_run.paths(m_batch).input();
  if (sha256_of_file(path) != m_batch.sha256 || m_ledger.rows() != m_batch.requests)
    throw Error(
        ErrorKind::corrupt,
        fmt::format("\"{}\" or its rows.tsv was modified after it was written", path.string()),
        "restore both from a copy");
}

void Replacement::name_lines() {
  for (const RemoteError& error : m_batch.remote->errors)
    m_named.emplace(static_cast<std::size_t>(*error.line - 1), error);
}

// Half of the limit each, because the number of tokens is an estimate.
std::uint64_t Replacement::number_of_parts() const {
  if (!m_named.empty())
    return 1;
  const std::uint64_t limit = queue_limit_in(refusal_of(m_batch).message);
  const std::uint64_t half = std::max<std::uint64_t>(limit / 2, 1);
  const std::uint64_t parts = limit == 0 ? 2 : likely_tokens(m_batch) / half + 1;
  return std::clamp<std::uint64_t>(parts, 2, m_batch.requests);
}

// What an interrupted attempt left is made anew.
void Replacement::record_intent() {
  for (const int number : m_batch.replaced_by)
    fs::remove_all(m_run.paths().batch(number).folder());
  const int first = m_run.batches().back().number + 1;
  m_batch.replaced_by.clear();
  for (int i = 0; i < static_cast<int>(number_of_parts()); ++i)
    m_batch.replaced_by.push_back(first + i);
  m_run.save(m_batch);
}

// The lines go over as they are, with their ids: nothing has run under them.
void Replacement::write_parts() {
  const std::uint64_t parts = m_batch.replaced_by.size();
  std::ifstream input(m_run.paths(m_batch).input(), std::ios::binary);
  std::string line;
  std::optional<store::BatchWriter> writer;
  for (std::size_t request = 0; std::getline(input, line); ++request) {
    if (m_named.contains(request))
      continue;
    const std::uint64_t part = request * parts / m_batch.requests;
    if (writer && part > m_parts.size()) {
      finish_part(*writer);
      writer.reset();
    }
    if (!writer) {
      const int number = m_batch.replaced_by[m_parts.size()];
      writer.emplace(m_run.paths().batch(number), number);
    }
    line += '\n';
    writer->add(
        m_ledger.key(request), m_ledger.fingerprint(request), m_ledger.custom_id(request), line);
  }
  if (writer)
    finish_part(*writer);
}

void Replacement::finish_part(store::BatchWriter& writer) {
  m_parts.push_back(writer.finish());
  m_parts.back().generation = m_batch.generation + 1;
  m_run.save(m_parts.back());
}

void Replacement::write_failed() const {
  if (m_named.empty())
    return;
  AtomicFile list(m_run.paths(m_batch).failed());
  for (const auto& [request, error] : m_named)
    list.write(store::tsv_line(
        {m_ledger.key(request), printable(error.code, 300), printable(error.message, 300)}));
  list.commit();
}

} // namespace

void replace(store::Run& run, BatchRecord& batch, Runtime runtime) {
  const RemoteError refusal = refusal_of(batch);
  const bool is_split = remedy_for(batch) == Remedy::split;
  const std::size_t named = batch.remote->errors.size();
  Replacement(run, batch).run();
  const std::string numbers =
      batch.replaced_by.size() == 1
          ? fmt::format("batch {:03}", batch.replaced_by.front())
          : fmt::format(
                "batches {:03} to {:03}", batch.replaced_by.front(), batch.replaced_by.back());
  runtime.progress.note(
      NoteLevel::warning,
      is_split ? fmt::format(
                     "batch {:03} is larger than the queue ({}): split into {}", batch.number,
                     printable(refusal.message), numbers)
               : fmt::format(
                     "batch {:03} was refused for {} of its lines ({}): their rows have failed, and "
                     "the others go again in {}",
                     batch.number, named, printable(refusal.code), numbers));
}

} // namespace embedctl::pipeline
