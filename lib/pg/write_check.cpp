#include "pg/write_check.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "pg/binary_array.hpp"
#include "pg/connection.hpp"
#include "pg/error.hpp"
#include "pg/names.hpp"
#include "pg/write_sql.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace embedctl::pg {

namespace {

constexpr std::string_view k_doing = "cannot check that the answers can be written";
constexpr std::string_view k_lock_not_available = "55P03";
constexpr std::string_view k_insufficient_privilege = "42501";

[[noreturn]] void refuse(std::string_view sqlstate, const std::string& what, std::string hint) {
  Error error(ErrorKind::database, what, std::move(hint));
  error.sqlstate = sqlstate;
  throw error;
}

void refuse_read_only(Connection& connection) {
  const Result found =
      connection.query("SELECT current_setting('transaction_read_only') = 'on'", {}, k_doing);
  if (found.boolean(0, 0))
    refuse(
        "25006", "this session is read-only (default_transaction_read_only): nothing was sent",
        "turn it off for this role or database, or set DATABASE_URL to one that may write");
}

// Plans the very statement that writes, which checks the rights to it and the rules of the table.
void explain_update(Connection& connection, const Names& names, const TableShape& shape, int dims) {
  std::string keys;
  std::string fingerprints;
  std::string vectors;
  encode_texts(keys, {});
  encode_fingerprints(fingerprints, {});
  encode_vectors(vectors, shape.vector, {}, static_cast<std::size_t>(dims));
  const std::array params = {
      BinaryParam{k_text_array, keys}, BinaryParam{k_bytea_array, fingerprints},
      BinaryParam{shape.vector_array, vectors}};
  try {
    connection.send("EXPLAIN " + write_sql(names, shape, false).update, params, k_doing);
    connection.receive(k_doing);
  } catch (const ServerError& error) {
    if (error.kind() != ErrorKind::database || !error.hint().empty())
      throw;
    refuse(
        error.sqlstate, error.what(),
        "the UPDATE of the target column is refused; look at the table's rules. Nothing was sent");
  }
}

[[noreturn]] void refuse_policy(const Task& task) {
  refuse(
      k_insufficient_privilege,
      fmt::format(
          "row-level security does not let this role update column \"{}\" of \"{}\"",
          printable(task.target.column), printable(task.rows.table)),
      "give the role a policy FOR UPDATE that allows these rows, or BYPASSRLS. Nothing was sent");
}

// A policy that hides a row from updates shows in a locking SELECT, one that forbids the new row
// only in an UPDATE. A row that is locked just now tells nothing.
void probe_policies(
    Connection& connection, const Task& task, const Names& names, const std::string& due) {
  const std::string one = fmt::format(" FROM {} t WHERE {} LIMIT 1", names.table, due);
  if (connection.run("SELECT" + one, k_doing).rows() == 0)
    return;
  std::string probe = "[1";
  for (int i = 1; i < task.request.dims; ++i)
    probe += ",0";
  const Transaction rolled_back(
      connection, "BEGIN; SET LOCAL lock_timeout = '1s'; SET LOCAL statement_timeout = '60s'",
      k_doing);
  try {
    const Result row = connection.run(
        fmt::format("SELECT t.{}::text{} FOR NO KEY UPDATE NOWAIT", names.key, one), k_doing);
    if (row.rows() == 0)
      refuse_policy(task);
    connection.run(
        fmt::format(
            "UPDATE {} AS t SET {} = '{}]' WHERE t.{} = {}", names.table, names.target, probe,
            names.key, connection.quote_literal(row.at(0, 0))),
        k_doing);
  } catch (const ServerError& error) {
    if (error.refusal.by_policy)
      refuse_policy(task);
    if (!is_of_row(error.refusal) && error.sqlstate != k_lock_not_available)
      throw;
  }
}

} // namespace

void refuse_standby(Connection& connection) {
  if (connection.query("SELECT pg_is_in_recovery()", {}, k_doing).boolean(0, 0))
    refuse(
        "25006", "this database is a standby, which may lag behind: nothing was sent",
        "set DATABASE_URL to the primary; only a dry run may read from a standby");
}

void check_writable(
    Connection& connection, const Task& task, const TableShape& shape, const std::string& due) {
  refuse_standby(connection);
  refuse_read_only(connection);
  const Names names = quote_names(connection, task);
  explain_update(connection, names, shape, task.request.dims);
  if (shape.row_security)
    probe_policies(connection, task, names, due);
}

} // namespace embedctl::pg
