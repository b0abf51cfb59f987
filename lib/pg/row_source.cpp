#include "pg/row_source.hpp"

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "pg/binary_array.hpp"
#include "pg/connection.hpp"
#include "pg/copy_reader.hpp"
#include "pg/in_flight.hpp"
#include "pg/inspect.hpp"
#include "pg/names.hpp"

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
// temporary table must be filled first, and the snapshot be taken after that: a run that ends
// meanwhile would otherwise have given up its keys while our snapshot still shows its rows empty,
// and they would be bought twice. Under READ COMMITTED the COPY takes its own snapshot when it
// begins, and being one statement it needs no more than that.
constexpr const char* k_begin_one_snapshot =
    "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
constexpr const char* k_begin_with_keys = "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED";

// The lock lives in a transaction of its own, so that a pooler in transaction mode keeps it on one
// session. It takes no snapshot that would hold back vacuum, and must not be ended for being idle.
constexpr const char* k_begin_hold = "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED;"
                                     " SET LOCAL idle_in_transaction_session_timeout = 0";

// The same number on every machine for the same rows.
std::int64_t lock_key(const Entity& entity, const std::string& scope) {
  Sha256 digest;
  for (const std::string_view part :
       {std::string_view("embedctl submit"), std::string_view(entity.table),
        std::string_view(entity.target_column), std::string_view(scope)}) {
    digest.add(part);
    digest.add({"", 1}); // so that no two lists of parts read alike
  }
  const auto bytes = digest.finish();
  std::int64_t key = 0;
  std::memcpy(&key, bytes.data(), sizeof(key));
  return key;
}

std::string
condition_sql(const Connection& connection, const Names& names, const std::string& scope) {
  return fmt::format(
      "t.{} = {} AND t.{} IS NULL", names.scope, connection.quote_literal(scope), names.target);
}

std::string
copy_sql(const Names& names, const std::string& condition, std::optional<std::uint64_t> limit) {
  // The order costs a sort, and only a limit makes it matter which rows come first.
  const std::string limited =
      limit ? fmt::format(" ORDER BY t.{} LIMIT {}", names.key, *limit) : std::string();
  return fmt::format(
      "COPY (SELECT t.{}::text, {} FROM {} t WHERE {}{}) TO STDOUT (FORMAT binary)", names.key,
      text_sql(names), names.table, condition, limited);
}

// The text comes as UTF-8 whatever the database's encoding, so its digest is the one that Postgres
// computes at the end (fingerprint_sql). Here it costs a third of what it does there.
SourceRow to_row(std::span<const CopyReader::Field> fields, const Entity& entity, Sha256& digest) {
  const CopyReader::Field& key = fields[0];
  const CopyReader::Field& text = fields[1];
  if (!key)
    throw Error(
        ErrorKind::database,
        fmt::format(
            "a row of \"{}\" has NULL in its key column \"{}\"", printable(entity.table),
            printable(entity.key_column)),
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

// The scope comes from the user, so a value that its column's type does not take is their mistake.
[[noreturn]] void rethrow_for_scope(const Error& error, const Entity& entity) {
  constexpr std::string_view k_bad_text = "22P02";
  constexpr std::string_view k_out_of_range = "22003";
  if (error.sqlstate == k_bad_text || error.sqlstate == k_out_of_range)
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "the given {} is no value of column \"{}\"", entity.scope_noun,
            printable(entity.scope_column)),
        "check its spelling");
  throw error;
}

} // namespace

RowSource::RowSource(Secret conninfo, Entity entity)
    : m_conninfo(std::move(conninfo)), m_entity(std::move(entity)) {}

void RowSource::check() {
  Connection connection(m_conninfo);
  inspect(connection, m_entity);
}

DatabaseIdentity RowSource::identity() {
  Connection connection(m_conninfo);
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
    // Some hosted servers refuse whatever the privileges say; the name must do there.
  }
  return identity;
}

std::shared_ptr<const void> RowSource::hold(const std::string& scope) {
  constexpr std::string_view k_holding = "cannot hold off other submits";
  struct Held {
    Connection connection;
    Transaction transaction;
    explicit Held(const Secret& conninfo)
        : connection(conninfo), transaction(connection, k_begin_hold, k_holding) {}
  };
  const auto held = std::make_shared<Held>(m_conninfo);
  const Result result = held->connection.query(
      "SELECT pg_try_advisory_xact_lock($1::bigint)", {std::to_string(lock_key(m_entity, scope))},
      k_holding);
  if (!result.boolean(0, 0))
    throw Error(
        ErrorKind::locked,
        fmt::format(
            "rows of {} {} are being submitted from another machine or folder", m_entity.scope_noun,
            printable(scope)),
        "wait for it to end; nothing was touched");
  return held;
}

ScopeState RowSource::look(const std::string& scope) {
  Connection connection(m_conninfo);
  const Names names = quote_names(connection, m_entity);
  try {
    const Result result = connection.query(
        fmt::format(
            "SELECT EXISTS (SELECT FROM {} s WHERE s.{} = $1),"
            " NOT EXISTS (SELECT FROM {} t WHERE t.{} = $2 AND t.{} IS NULL)",
            names.scope_table, names.scope_key, names.table, names.scope, names.target),
        {scope, scope}, k_counting);
    return {result.boolean(0, 0), result.boolean(0, 1)};
  } catch (const Error& error) {
    rethrow_for_scope(error, m_entity);
  }
}

ScopeCounts RowSource::count(const std::string& scope) {
  Connection connection(m_conninfo);
  const Names names = quote_names(connection, m_entity);
  const Result result = connection.query(
      fmt::format(
          "SELECT count(*), count(t.{}) FROM {} t WHERE t.{} = $1", names.target, names.table,
          names.scope),
      {scope}, k_counting);
  return {result.number(0, 0), result.number(0, 1)};
}

std::vector<std::uint64_t>
RowSource::select(const Selection& selection, const std::function<void(const SourceRow&)>& take) {
  Connection connection(m_conninfo);
  const Names names = quote_names(connection, m_entity);
  const std::string condition = condition_sql(connection, names, selection.scope);

  Transaction transaction(
      connection, selection.in_flight.empty() ? k_begin_one_snapshot : k_begin_with_keys, k_doing);
  InFlightTable in_flight(connection, selection.in_flight);
  CopyReader reader(2);
  Sha256 digest;
  connection.copy_out(
      copy_sql(names, condition + in_flight.leave_out_sql(names), selection.limit),
      [&](std::string_view bytes) {
        reader.feed(bytes, [&](std::span<const CopyReader::Field> fields) {
          take(to_row(fields, m_entity, digest));
        });
      },
      k_doing);
  reader.finish();
  auto left_out = in_flight.count_left_out(names, condition);
  transaction.commit(k_doing);
  return left_out;
}

std::uint64_t RowSource::count_open(
    std::span<const std::string> keys, std::span<const Fingerprint> fingerprints) {
  constexpr std::string_view k_looking = "cannot look at the rows";
  Connection connection(m_conninfo);
  const Names names = quote_names(connection, m_entity);
  std::string key_array;
  std::string fingerprint_array;
  encode_texts(key_array, keys);
  encode_fingerprints(fingerprint_array, fingerprints);
  const std::array params = {
      BinaryParam{k_text_array, key_array}, BinaryParam{k_bytea_array, fingerprint_array}};
  connection.send(
      fmt::format(
          "SELECT count(DISTINCT i.k) FROM unnest($1, $2) AS i(k, fp) JOIN {} t"
          " ON t.{} = i.k::{} WHERE {} = i.fp AND t.{} IS NULL",
          names.table, names.key, inspect(connection, m_entity).key_type, fingerprint_sql(names),
          names.target),
      params, k_looking);
  return connection.receive(k_looking).number(0, 0);
}

} // namespace embedctl::pg
