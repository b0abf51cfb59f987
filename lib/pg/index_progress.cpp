#include "pg/index_progress.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace embedctl::pg {

namespace {

constexpr std::string_view k_doing = "cannot ask how far the index is";

} // namespace

IndexProgress::IndexProgress(
    const Secret& conninfo, std::string builder, std::uint64_t rows, ProgressSink& progress)
    : m_conninfo(conninfo), m_builder(std::move(builder)), m_rows(rows), m_progress(progress) {
  m_progress.expect(Phase::index, {m_rows, 0});
}

IndexProgress::~IndexProgress() {
  m_progress.finish(Phase::index);
}

void IndexProgress::ask() {
  if (m_silent)
    return;
  try {
    if (!m_connection)
      m_connection.emplace(m_conninfo);
    tell(m_connection->query(
        "SELECT phase, tuples_done FROM pg_stat_progress_create_index"
        " WHERE pid = $1 AND phase IS NOT NULL AND tuples_done IS NOT NULL",
        {m_builder}, k_doing));
  } catch (const Error& error) {
    m_progress.note(NoteLevel::detail, error.what());
    m_connection.reset();
    m_silent = true;
  }
}

void IndexProgress::tell(const Result& answer) {
  if (answer.rows() == 0)
    return;
  const std::string phase = printable(answer.at(0, 0));
  if (phase != m_phase)
    m_progress.note(NoteLevel::detail, phase);
  m_phase = phase;
  // Each phase of the server's counts anew.
  const std::uint64_t done = std::min(answer.number(0, 1), m_rows);
  if (done > m_done) {
    m_progress.advance(Phase::index, {done - m_done, 0});
    m_done = done;
  }
}

} // namespace embedctl::pg
