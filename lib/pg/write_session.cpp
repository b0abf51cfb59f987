#include "pg/write_session.hpp"

#include "base/error.hpp"
#include "pg/binary_array.hpp"
#include "pg/error.hpp"
#include "pg/names.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

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

// A row lock that is held for longer than this is not waited for: the chunk is written again with
// care, without the rows that are locked.
constexpr const char* k_short_wait = "100ms";

// For a lock of the table, or one that a trigger waits for.
constexpr const char* k_long_wait = "10s";

constexpr std::string_view k_lock_not_available = "55P03";

// A chunk of fewer rows does not tell a refusal of the table from one of its rows.
constexpr std::size_t k_telling_rows = 10;

constexpr const char* k_no_effect =
    "the row does not hold the vector after the update: a trigger, a rule or a policy of the table"
    " prevents it";

RowOutcome refused(std::string why) {
  return {RowState::failed, k_not_updated, std::move(why)};
}

std::vector<std::size_t> pending_rows(const std::vector<RowState>& states) {
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < states.size(); ++row)
    if (states[row] == RowState::pending)
      rows.push_back(row);
  return rows;
}

// Where nothing was written and all rows fail alike, the next ones would as well.
void throw_if_all_refused(const std::vector<RowOutcome>& outcomes) {
  std::size_t failed = 0;
  const RowOutcome* first = nullptr;
  for (const RowOutcome& outcome : outcomes) {
    if (outcome.state == RowState::written)
      return;
    if (outcome.state != RowState::failed)
      continue;
    if (first != nullptr && !(*first == outcome))
      return;
    first = &outcome;
    ++failed;
  }
  if (failed >= k_telling_rows)
    throw Error(
        ErrorKind::database,
        fmt::format("{}: the database refuses every row: {}", k_doing, first->message),
        "mend the table, its triggers, rules and policies, then run the same command again; the"
        " answers are kept");
}

std::span<const float> vector_at(const AnswerChunk& chunk, std::size_t row) {
  return std::span(chunk.values).subspan(row * chunk.dims, chunk.dims);
}

} // namespace

WriteSession::WriteSession(
    const Secret& conninfo,
    const Task& task,
    bool overwrite,
    std::chrono::seconds statement_timeout,
    Watch watch)
    : m_connection(conninfo, watch),
      m_task(task),
      m_shape(require(inspect(m_connection, task))),
      m_statement_timeout(statement_timeout),
      m_sql(write_sql(quote_names(m_connection, task), m_shape, overwrite)) {}

std::string WriteSession::begin_sql(const char* lock_timeout) const {
  std::string sql = fmt::format("{}; SET LOCAL lock_timeout = '{}'", k_begin, lock_timeout);
  if (m_statement_timeout.count() > 0)
    sql += fmt::format("; SET LOCAL statement_timeout = '{}s'", m_statement_timeout.count());
  return sql;
}

std::vector<RowState> WriteSession::examine(const AnswerChunk& chunk) {
  constexpr std::string_view k_looking = "cannot look at the vectors";
  Transaction transaction(m_connection, begin_sql(k_long_wait), k_looking);
  std::vector<RowState> states(chunk.size(), RowState::pending);
  execute(m_sql.examine, chunk, states);
  transaction.commit(k_looking);
  return states;
}

std::vector<RowOutcome> WriteSession::write(const AnswerChunk& chunk) {
  std::vector<RowOutcome> outcomes(chunk.size());
  bool is_written = false;
  try {
    is_written = write_at_once(chunk, outcomes);
  } catch (const ServerError& error) {
    if (!is_of_row(error.refusal) && error.sqlstate != k_lock_not_available)
      throw;
  }
  if (!is_written)
    write_with_care(chunk, outcomes);
  throw_if_all_refused(outcomes);
  return outcomes;
}

bool WriteSession::write_at_once(const AnswerChunk& chunk, std::vector<RowOutcome>& outcomes) {
  Transaction transaction(m_connection, begin_sql(k_short_wait), k_doing);
  std::vector<RowState> states(chunk.size(), RowState::pending);
  update(chunk, states);
  // What is still pending was either freed by someone after our update had passed it, and is
  // updated now, or something refuses it.
  if (std::ranges::find(states, RowState::pending) != states.end())
    update(chunk, states);
  if (std::ranges::find(states, RowState::failed) != states.end())
    return false;
  transaction.commit(k_doing);
  for (std::size_t row = 0; row < chunk.size(); ++row)
    outcomes[row] =
        states[row] == RowState::pending ? refused(k_no_effect) : RowOutcome{states[row]};
  return true;
}

void WriteSession::write_with_care(const AnswerChunk& chunk, std::vector<RowOutcome>& outcomes) {
  // Of a table that was changed meanwhile, the refusal is no row's.
  m_shape = require(inspect(m_connection, m_task));
  Transaction transaction(m_connection, begin_sql(k_long_wait), k_doing);
  const std::vector<std::size_t> rows = lock(chunk, outcomes);
  if (!rows.empty())
    write_range(chunk, rows, outcomes);
  transaction.commit(k_doing);
}

// Undoes the work if the database refuses a row of it, and returns why.
template <typename Work>
std::optional<Refusal> WriteSession::attempt(const Work& work) {
  m_connection.run("SAVEPOINT embedctl", k_doing);
  try {
    work();
    return std::nullopt;
  } catch (const ServerError& error) {
    if (!is_of_row(error.refusal) && error.sqlstate != k_lock_not_available)
      throw;
    m_connection.run("ROLLBACK TO SAVEPOINT embedctl", k_doing);
    return error.refusal;
  }
}

// The rows that are ours to update now. Those that another session has locked stay pending.
std::vector<std::size_t>
WriteSession::lock(const AnswerChunk& chunk, std::vector<RowOutcome>& outcomes) {
  std::vector<RowState> locked(chunk.size(), RowState::pending);
  execute(m_sql.lock, chunk, locked);
  std::vector<RowState> rest(chunk.size(), RowState::skipped);
  std::vector<std::size_t> ours;
  for (std::size_t row = 0; row < chunk.size(); ++row)
    if (locked[row] == RowState::written)
      ours.push_back(row);
    else
      rest[row] = RowState::pending;
  // Deleted, or of a state that needs no update and so no lock.
  attempt([&] { execute(m_sql.classify, chunk, rest); });
  for (std::size_t row = 0; row < chunk.size(); ++row)
    if (rest[row] != RowState::skipped)
      outcomes[row] = RowOutcome{rest[row]};
  for (const std::size_t row : pending_rows(rest))
    if (m_shape.row_security && is_hidden(chunk, row))
      outcomes[row] = refused(k_no_effect);
  return ours;
}

// A policy for updates hides rows from a locking SELECT as if they were not there.
bool WriteSession::is_hidden(const AnswerChunk& chunk, std::size_t row) {
  std::vector<RowState> states(chunk.size(), RowState::skipped);
  states[row] = RowState::pending;
  const auto refusal = attempt([&] { execute(m_sql.lock_now, chunk, states); });
  return !refusal && states[row] == RowState::pending;
}

void WriteSession::write_range(
    const AnswerChunk& chunk, Rows rows, std::vector<RowOutcome>& outcomes) {
  std::vector<RowState> states(chunk.size(), RowState::skipped);
  for (const std::size_t row : rows)
    states[row] = RowState::pending;
  if (const auto refusal = attempt([&] { update(chunk, states); })) {
    if (refusal->sqlstate == k_lock_not_available)
      throw database_error(k_doing, *refusal);
    if (rows.size() == 1) {
      outcomes[rows.front()] = refused(described(*refusal));
      return;
    }
    write_range(chunk, rows.first(rows.size() / 2), outcomes);
    write_range(chunk, rows.subspan(rows.size() / 2), outcomes);
    return;
  }
  std::vector<std::size_t> kept;
  for (const std::size_t row : rows) {
    const bool has_failed = states[row] == RowState::failed || states[row] == RowState::pending;
    outcomes[row] = has_failed ? refused(k_no_effect) : RowOutcome{states[row]};
    if (states[row] != RowState::failed)
      kept.push_back(row);
  }
  if (kept.size() == rows.size())
    return;
  m_connection.run("ROLLBACK TO SAVEPOINT embedctl", k_doing); // what a trigger made of a row
  if (!kept.empty())
    write_range(chunk, kept, outcomes);
}

void WriteSession::update(const AnswerChunk& chunk, std::vector<RowState>& states) {
  const std::vector<std::size_t> rows = pending_rows(states);
  execute(m_sql.update, chunk, states);
  execute(m_sql.classify, chunk, states);
  if (!m_shape.acts_on_update)
    return;
  m_connection.run("SET CONSTRAINTS ALL IMMEDIATE", k_doing);
  std::vector<RowState> held(chunk.size(), RowState::skipped);
  for (const std::size_t row : rows)
    if (states[row] == RowState::written)
      held[row] = RowState::pending;
  execute(m_sql.still_ours, chunk, held);
  for (std::size_t row = 0; row < held.size(); ++row)
    if (held[row] != RowState::skipped && held[row] != RowState::written)
      states[row] = RowState::failed;
}

void WriteSession::execute(
    const std::string& sql, const AnswerChunk& chunk, std::vector<RowState>& states) {
  const std::vector<std::size_t> rows = pending_rows(states);
  const std::size_t most = std::clamp(
      k_bytes_per_statement / (chunk.dims * sizeof(float)), std::size_t{1}, k_rows_per_statement);
  const auto slice_at = [&](std::size_t begin) {
    return Rows(rows).subspan(begin, std::min(most, rows.size() - begin));
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

void WriteSession::encode(const AnswerChunk& chunk, Rows rows) {
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
