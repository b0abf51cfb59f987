#include "pg/table_source.hpp"

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "pg/binary_array.hpp"
#include "pg/connection.hpp"
#include "pg/copy_reader.hpp"
#include "pg/in_flight.hpp"
#include "pg/inspect.hpp"
#include "pg/names.hpp"
#include "pg/write_check.hpp"

#include <array>
#include <cstring>
#include <optional>
#include <span>

#include <fmt/format.h>

namespace embedctl::pg {

namespace {

constexpr std::string_view k_doing = "cannot read the rows";
constexpr std::string_view k_counting = "cannot count the rows";

// Without keys in flight, one snapshot and no writes for the whole transaction. With them, the
// temporary table must be filled before the snapshot is taken: otherwise a run that ends meanwhile
// could release its keys while our snapshot still shows its rows empty, and they would be paid for
// twice. Under READ COMMITTED the COPY takes its own snapshot when it starts, and as a single
// statement it needs no more.
constexpr const char* k_begin_one_snapshot =
    "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
constexpr const char* k_begin_with_keys = "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED";

// The lock has its own transaction, so that a pooler in transaction mode keeps it on one session.
// It takes no snapshot that would hold back vacuum, and must not time out as idle.
constexpr const char* k_begin_hold = "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED;"
                                     " SET LOCAL idle_in_transaction_session_timeout = 0";

// The same key on every machine for the same parts.
std::string lock_key(std::initializer_list<std::string_view> parts) {
  Sha256 digest;
  for (const std::string_view part : parts) {
    digest.add(part);
    digest.add({"", 1}); // so that no two lists of parts read alike
  }
  const auto bytes = digest.finish();
  std::int64_t key = 0;
  std::memcpy(&key, bytes.data(), sizeof(key));
  return std::to_string(key);
}

// Claims of different scopes share the table lock; a set of rows from any scope takes it
// exclusively. The table is identified by its oid, because it may have several names.
Result try_locks(Connection& connection, const Task& task, const RowSet& rows) {
  constexpr std::string_view k_holding = "cannot lock out other submits";
  constexpr std::string_view k_submit = "embedctl submit";
  const std::string oid =
      connection
          .query(
              "SELECT to_regclass($1)::oid", {quote_table(connection, task.rows.table)}, k_holding)
          .string(0, 0);
  const std::string& column = task.target.column;
  const std::string table_key = lock_key({"embedctl table", oid, column});
  const auto* of_scope = std::get_if<RowsOfScope>(&rows);
  if (of_scope == nullptr)
    return connection.query("SELECT pg_try_advisory_xact_lock($1::bigint)", {table_key}, k_holding);
  const std::string scope_key = lock_key({"embedctl scope", oid, column, of_scope->scope});
  // The only lock that release 0.1.0 takes.
  const std::string first_key =
      task.built_in ? lock_key({k_submit, task.rows.table, column, of_scope->scope}) : scope_key;
  return connection.query(
      "SELECT pg_try_advisory_xact_lock_shared($1::bigint)"
      " AND pg_try_advisory_xact_lock($2::bigint) AND pg_try_advisory_xact_lock($3::bigint)",
      {table_key, scope_key, first_key}, k_holding);
}

// The condition on t that selects the rows.
std::string set_sql(const Connection& connection, const Names& names, const RowSet& rows) {
  if (const auto* of_scope = std::get_if<RowsOfScope>(&rows))
    return fmt::format("t.{} = {}", names.scope, connection.quote_literal(of_scope->scope));
  if (const auto* of_keys = std::get_if<RowsOfKeys>(&rows)) {
    std::string list = "NULL";
    for (const std::string& key : of_keys->keys)
      list += ", " + connection.quote_literal(key);
    return fmt::format("t.{} IN ({})", names.key, list);
  }
  return "true";
}

std::string due_sql(const Connection& connection, const Names& names, const RowSet& rows) {
  return fmt::format("{} AND t.{} IS NULL", set_sql(connection, names, rows), names.target);
}

std::string described(const Task& task, const RowSet& rows) {
  if (const auto* of_scope = std::get_if<RowsOfScope>(&rows))
    return fmt::format("rows of {} {}", task.scopes.noun, printable(of_scope->scope));
  return fmt::format("rows of \"{}\"", printable(task.rows.table));
}

std::string
copy_sql(const Names& names, const std::string& condition, std::optional<std::uint64_t> limit) {
  // Sorting is expensive, and only a limit makes the order matter.
  const std::string limited =
      limit ? fmt::format(" ORDER BY t.{} LIMIT {}", names.key, *limit) : std::string();
  return fmt::format(
      "COPY (SELECT t.{}::text, {} FROM {} t WHERE {}{}) TO STDOUT (FORMAT binary)", names.key,
      text_sql(names), names.table, condition, limited);
}

// The text arrives as UTF-8 whatever the database's encoding, so its digest matches the one that
// Postgres computes at the write (fingerprint_sql). Computing it here takes a third of the time.
SourceRow to_row(std::span<const CopyReader::Field> fields, const Task& task, Sha256& digest) {
  const CopyReader::Field& key = fields[0];
  const CopyReader::Field& text = fields[1];
  if (!key)
    throw Error(
        ErrorKind::database,
        fmt::format(
            "a row of \"{}\" has NULL in its key column \"{}\"", printable(task.rows.table),
            printable(task.rows.key_column)),
        "give every row a key, or make the column NOT NULL");
  SourceRow row;
  row.key = *key;
  if (!text)
    return row;
  row.text = *text;
  digest.add(row.text);
  row.fingerprint = digest.finish();
  return row;
}

// A scope or key comes from the user, so a value that does not fit its column's type is a usage
// error.
[[noreturn]] void rethrow_for_set(const Error& error, const Task& task, const RowSet& rows) {
  constexpr std::string_view k_bad_text = "22P02";
  constexpr std::string_view k_out_of_range = "22003";
  if (error.sqlstate != k_bad_text && error.sqlstate != k_out_of_range)
    throw error;
  const bool is_scope = std::holds_alternative<RowsOfScope>(rows);
  throw Error(
      ErrorKind::usage,
      fmt::format(
          "the given {} is not a valid value of column \"{}\"", is_scope ? task.scopes.noun : "key",
          printable(is_scope ? task.rows.scope_column : task.rows.key_column)),
      "check its spelling");
}

} // namespace

TableSource::TableSource(Secret conninfo, Task task, Watch watch)
    : m_conninfo(std::move(conninfo)), m_task(std::move(task)), m_watch(watch) {}

void TableSource::check() {
  Connection connection(m_conninfo, m_watch);
  require(inspect(connection, m_task));
}

void TableSource::check_writable(const RowSet& rows) {
  Connection connection(m_conninfo, m_watch);
  const TableShape shape = require(inspect(connection, m_task));
  pg::check_writable(
      connection, m_task, shape, due_sql(connection, quote_names(connection, m_task), rows));
}

DatabaseIdentity TableSource::identity() {
  Connection connection(m_conninfo, m_watch);
  const Result result = connection.query(
      "SELECT current_database(),"
      " has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')",
      {}, k_doing);
  DatabaseIdentity identity;
  identity.name = result.string(0, 0);
  if (!result.boolean(0, 1))
    return identity;
  try {
    identity.system_identifier =
        connection.query("SELECT system_identifier FROM pg_control_system()", {}, k_doing)
            .string(0, 0);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::database)
      throw;
    // Some hosted servers refuse despite the privilege; only the name is compared there.
  }
  return identity;
}

std::string TableSource::table() {
  Connection connection(m_conninfo, m_watch);
  return connection
      .query(
          "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c"
          " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)",
          {quote_table(connection, m_task.rows.table)}, k_doing)
      .string(0, 0);
}

std::shared_ptr<const void> TableSource::hold(const RowSet& rows) {
  constexpr std::string_view k_holding = "cannot lock out other submits";
  struct Held {
    Connection connection;
    Transaction transaction;
    Held(const Secret& conninfo, Watch watch)
        : connection(conninfo, watch), transaction(connection, k_begin_hold, k_holding) {}
  };
  const auto held = std::make_shared<Held>(m_conninfo, m_watch);
  if (!try_locks(held->connection, m_task, rows).boolean(0, 0))
    throw Error(
        ErrorKind::locked,
        fmt::format(
            "{} are being submitted from another machine or folder", described(m_task, rows)),
        "wait for it to finish; nothing was changed");
  return held;
}

RowSetState TableSource::look(const RowSet& rows) {
  Connection connection(m_conninfo, m_watch);
  const Names names = quote_names(connection, m_task);
  const auto* of_scope = std::get_if<RowsOfScope>(&rows);
  const std::string exists = of_scope != nullptr ? fmt::format(
                                 "EXISTS (SELECT FROM {} s WHERE s.{} = {})", names.scope_table,
                                 names.scope_key, connection.quote_literal(of_scope->scope))
                                                 : "true";
  try {
    const Result result = connection.query(
        fmt::format(
            "SELECT {}, NOT EXISTS (SELECT FROM {} t WHERE {})", exists, names.table,
            due_sql(connection, names, rows)),
        {}, k_counting);
    return {result.boolean(0, 0), result.boolean(0, 1)};
  } catch (const Error& error) {
    rethrow_for_set(error, m_task, rows);
  }
}

RowSetCounts TableSource::count(const RowSet& rows) {
  Connection connection(m_conninfo, m_watch);
  const Names names = quote_names(connection, m_task);
  const Result result = connection.query(
      fmt::format(
          "SELECT count(*), count(t.{}) FROM {} t WHERE {}", names.target, names.table,
          set_sql(connection, names, rows)),
      {}, k_counting);
  return {result.number(0, 0), result.number(0, 1)};
}

std::vector<std::uint64_t>
TableSource::select(const Selection& selection, const std::function<void(const SourceRow&)>& take) {
  Connection connection(m_conninfo, m_watch);
  const Names names = quote_names(connection, m_task);
  const std::string condition = due_sql(connection, names, selection.rows);

  Transaction transaction(
      connection, selection.in_flight.empty() ? k_begin_one_snapshot : k_begin_with_keys, k_doing);
  if (selection.to_be_sent) // of several hosts, each connection may reach another one
    refuse_standby(connection);
  if (names.encoding == "SQL_ASCII") // asked for UTF-8, it refuses all rows for one that is none
    connection.run("SET LOCAL client_encoding = SQL_ASCII", k_doing);
  InFlightTable in_flight(connection, selection.in_flight);
  CopyReader reader(2);
  Sha256 digest;
  connection.copy_out(
      copy_sql(names, condition + in_flight.leave_out_sql(names), selection.limit),
      [&](std::string_view bytes) {
        reader.feed(bytes, [&](std::span<const CopyReader::Field> fields) {
          take(to_row(fields, m_task, digest));
        });
      },
      k_doing);
  reader.finish();
  auto left_out = in_flight.count_left_out(names, condition);
  transaction.commit(k_doing);
  return left_out;
}

UnchangedCounts TableSource::count_unchanged(
    std::span<const std::string> keys, std::span<const Fingerprint> fingerprints) {
  constexpr std::string_view k_looking = "cannot check the rows";
  Connection connection(m_conninfo, m_watch);
  const Names names = quote_names(connection, m_task);
  const std::string key_type = require(inspect(connection, m_task)).key_type;
  std::string key_array;
  std::string fingerprint_array;
  encode_texts(key_array, keys);
  encode_fingerprints(fingerprint_array, fingerprints);
  const std::array params = {
      BinaryParam{k_text_array, key_array}, BinaryParam{k_bytea_array, fingerprint_array}};
  connection.send(
      fmt::format(
          "SELECT count(DISTINCT i.k), count(DISTINCT i.k) FILTER (WHERE t.{} IS NULL)"
          " FROM unnest($1, $2) AS i(k, fp) JOIN {} t ON t.{} = i.k::{} WHERE {} = i.fp",
          names.target, names.table, names.key, key_type, fingerprint_sql(names)),
      params, k_looking);
  const Result result = connection.receive(k_looking);
  return {result.number(0, 0), result.number(0, 1)};
}

} // namespace embedctl::pg
