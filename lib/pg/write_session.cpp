#include "pg/write_session.hpp"

#include "pg/binary_array.hpp"
#include "pg/names.hpp"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

namespace embedctl::pg {

namespace {

constexpr std::string_view k_doing = "cannot write the vectors";

// Measured with 1536 numbers each: fewer rows mean more round trips, and more rows only memory,
// here and in the server, which holds the parameters twice.
constexpr std::size_t k_rows_per_statement = 250;
constexpr std::size_t k_bytes_per_statement = k_rows_per_statement * 1536 * sizeof(float);

// READ COMMITTED, so that a row that someone else changes meanwhile is looked at again and not an
// error, and so that classifying sees what the update ran into. The generic plan spares the server
// several copies of the arrays as constants, and expects few rows, which keeps it at the key's
// index.
constexpr const char* k_begin = "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED;"
                                " SET LOCAL plan_cache_mode = force_generic_plan;"
                                " SET LOCAL jit = off";

// What the statements call the states. Where several table rows have one key, the lowest counts.
constexpr std::array k_codes = {
    RowState::written,
    RowState::pending, // as it should be: free to be updated
    RowState::already_set, RowState::stale, RowState::missing_row};

// The n-th vector is fetched from its array only where it is stored or compared: as a column of
// unnest it would be copied into the function's result and once more into the join's.
std::string rows_sql() {
  return "unnest($1, $2) WITH ORDINALITY AS i(k, fp, n)";
}

std::string vector_sql(const TableShape& shape) {
  return "($3)[i.n]" + shape.as_target;
}

std::string update_sql(const Names& names, const TableShape& shape, bool overwrite) {
  const std::string ours = vector_sql(shape);
  const std::string fence =
      overwrite
          ? fmt::format("(t.{0} IS NULL OR NOT t.{0} {1} {2})", names.target, shape.equals, ours)
          : fmt::format("t.{} IS NULL", names.target);
  return fmt::format(
      "UPDATE {} AS t SET {} = {} FROM {} WHERE t.{} = i.k::{} AND {} = i.fp AND {}"
      " RETURNING i.n, 0",
      names.table, names.target, ours, rows_sql(), names.key, shape.key_type,
      fingerprint_sql(names), fence);
}

// `cases` tells what a row is that is there; they are looked at in their order.
std::string classify_sql(const Names& names, const TableShape& shape, const std::string& cases) {
  return fmt::format(
      "SELECT i.n, min(CASE WHEN t.{key} IS NULL THEN 4 {cases} ELSE 1 END)"
      " FROM {rows} LEFT JOIN {table} t ON t.{key} = i.k::{key_type} GROUP BY i.n",
      fmt::arg("key", names.key), fmt::arg("cases", cases), fmt::arg("rows", rows_sql()),
      fmt::arg("table", names.table), fmt::arg("key_type", shape.key_type));
}

std::string holds_ours_sql(const Names& names, const TableShape& shape) {
  return fmt::format("WHEN t.{} {} {} THEN 0 ", names.target, shape.equals, vector_sql(shape));
}

std::string edited_sql(const Names& names) {
  return fmt::format("WHEN {} IS DISTINCT FROM i.fp THEN 3 ", fingerprint_sql(names));
}

std::string holds_any_sql(const Names& names) {
  return fmt::format("WHEN t.{} IS NOT NULL THEN 2 ", names.target);
}

std::span<const float> vector_at(const AnswerChunk& chunk, std::size_t row) {
  return std::span(chunk.values).subspan(row * chunk.dims, chunk.dims);
}

} // namespace

WriteSession::WriteSession(
    const Secret& conninfo,
    const Task& task,
    bool overwrite,
    std::chrono::seconds statement_timeout)
    : m_connection(conninfo), m_shape(require(inspect(m_connection, task))), m_begin_sql(k_begin) {
  const Names names = quote_names(m_connection, task);
  if (statement_timeout.count() > 0)
    m_begin_sql += fmt::format("; SET LOCAL statement_timeout = '{}s'", statement_timeout.count());
  m_update_sql = update_sql(names, m_shape, overwrite);
  // A row that holds our vector is written, even if its text was edited afterwards.
  m_classify_sql = classify_sql(
      names, m_shape,
      holds_ours_sql(names, m_shape) + edited_sql(names)
          + (overwrite ? "" : holds_any_sql(names)));
  m_examine_sql = classify_sql(
      names, m_shape, edited_sql(names) + holds_ours_sql(names, m_shape) + holds_any_sql(names));
}

std::vector<RowState> WriteSession::examine(const AnswerChunk& chunk) {
  Transaction transaction(m_connection, m_begin_sql, "cannot look at the vectors");
  std::vector<RowState> states(chunk.size(), RowState::pending);
  execute(m_examine_sql, chunk, states);
  transaction.commit("cannot look at the vectors");
  return states;
}

std::vector<RowState> WriteSession::write(const AnswerChunk& chunk) {
  Transaction transaction(m_connection, m_begin_sql, k_doing);
  std::vector<RowState> states(chunk.size(), RowState::pending);
  execute(m_update_sql, chunk, states);
  execute(m_classify_sql, chunk, states);
  // What is still pending was either freed by someone after our update had passed it, and is
  // updated now, or something refuses it.
  execute(m_update_sql, chunk, states);
  execute(m_classify_sql, chunk, states);
  transaction.commit(k_doing);
  std::replace(states.begin(), states.end(), RowState::pending, RowState::failed);
  return states;
}

void WriteSession::execute(
    const std::string& sql, const AnswerChunk& chunk, std::vector<RowState>& states) {
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < chunk.size(); ++row)
    if (states[row] == RowState::pending)
      rows.push_back(row);
  const std::size_t most = std::clamp(
      k_bytes_per_statement / (chunk.dims * sizeof(float)), std::size_t{1}, k_rows_per_statement);
  const auto slice_at = [&](std::size_t begin) {
    return std::span<const std::size_t>(rows).subspan(begin, std::min(most, rows.size() - begin));
  };
  if (!rows.empty())
    encode(chunk, slice_at(0));
  for (std::size_t begin = 0; begin < rows.size(); begin += most) {
    const std::array params = {
        BinaryParam{k_text_array, m_keys}, BinaryParam{k_bytea_array, m_fingerprints},
        BinaryParam{m_shape.vector_array, m_vectors}};
    m_connection.send(sql, params, k_doing);
    if (begin + most < rows.size())
      encode(chunk, slice_at(begin + most)); // while the server is at work
    const Result result = m_connection.receive(k_doing);
    for (int i = 0; i < result.rows(); ++i)
      states.at(rows.at(begin + result.number(i, 0) - 1)) = k_codes.at(result.number(i, 1));
  }
}

void WriteSession::encode(const AnswerChunk& chunk, std::span<const std::size_t> rows) {
  const AnswerChunk* from = &chunk;
  std::size_t begin = rows.front();
  if (rows.back() - rows.front() + 1 != rows.size()) { // not one behind the other
    m_gathered.clear();
    m_gathered.dims = chunk.dims;
    for (const std::size_t row : rows)
      m_gathered.add(chunk.keys[row], chunk.fingerprints[row], vector_at(chunk, row));
    from = &m_gathered;
    begin = 0;
  }
  encode_texts(m_keys, std::span(from->keys).subspan(begin, rows.size()));
  encode_fingerprints(m_fingerprints, std::span(from->fingerprints).subspan(begin, rows.size()));
  encode_vectors(
      m_vectors, m_shape.vector,
      std::span(from->values).subspan(begin * chunk.dims, rows.size() * chunk.dims), chunk.dims);
}

} // namespace embedctl::pg
