#include "pg/table_indexes.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "pg/index_build.hpp"
#include "pg/index_survey.hpp"
#include "pg/names.hpp"
#include "pg/retry.hpp"

#include <optional>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace embedctl::pg {

namespace {

constexpr std::string_view k_lock_not_available = "55P03";

// What a server says as well whose shared memory is too small for a build of several processes.
constexpr std::string_view k_disk_full = "53100";
constexpr std::string_view k_out_of_memory = "53200";

constexpr std::string_view k_dropping = "cannot drop the indexes";

Error failure(std::string message, std::string hint = {}) {
  return {ErrorKind::database, std::move(message), std::move(hint)};
}

// A transaction that does not wait longer for a lock than it may. Reading all of a table and
// building an index over it may take hours.
struct Session {
  Session(const Secret& conninfo, std::chrono::milliseconds lock_timeout, std::string_view doing)
      : connection(conninfo),
        transaction(
            connection,
            fmt::format(
                "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0;"
                " SET LOCAL lock_timeout = {}",
                lock_timeout.count()),
            doing) {}

  Connection connection;
  Transaction transaction;
};

// Who uses the table, as far as this user may see it; no word of what they do there.
std::string users_of(Connection& connection, const std::string& table) {
  const Result found = connection.query(
      "SELECT DISTINCT format('process %s of user %s (%s, %s)', l.pid, coalesce(a.usename, '?'),"
      "  coalesce(nullif(a.application_name, ''), 'no name'), coalesce(a.state, '?'))"
      " FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid"
      " WHERE l.granted AND l.relation = to_regclass($1) AND l.pid <> pg_backend_pid()"
      "  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
      " ORDER BY 1 LIMIT 5",
      {table}, "cannot ask who uses the table");
  std::vector<std::string> users;
  for (int row = 0; row < found.rows(); ++row)
    users.push_back(printable(found.at(row, 0)));
  return users.empty() ? "a session that has ended meanwhile"
                       : fmt::format("{}", fmt::join(users, "; "));
}

// What the server calls the table by the name that it had; nullopt if it is gone. One that is there
// under another name is for a person to look at.
std::optional<std::string>
find_table(Connection& connection, const VectorIndex& index, const std::string& doing) {
  const Result found = connection.query(
      "SELECT to_regclass($1)::text, (SELECT oid::regclass::text FROM pg_class"
      " WHERE oid = $2::oid AND relkind IN ('r', 'p'))",
      {index.table, std::to_string(index.table_id)}, doing);
  if (!found.null(0, 0))
    return found.string(0, 0);
  if (found.null(0, 1))
    return std::nullopt;
  throw failure(
      fmt::format(
          "{}: table {} is now called {}", doing, printable(index.table),
          printable(found.at(0, 1))),
      "give the table its name back, or build the index by hand as indexes.json in the run folder "
      "describes it and remove that file");
}

struct FoundIndex {
  std::string name; // as the server calls it
  bool valid = false;
};

// What stands under the index's name, if that is the index.
std::optional<FoundIndex>
find_index(Connection& connection, const VectorIndex& index, const std::string& doing) {
  const Result found = connection.query(
      "SELECT c.oid::regclass::text, i.indisvalid OR c.relkind = 'I',"
      " coalesce(pg_get_indexdef(c.oid), '') FROM pg_class c"
      " LEFT JOIN pg_index i ON i.indexrelid = c.oid WHERE c.oid = to_regclass($1)",
      {index.name}, doing);
  if (found.rows() == 0)
    return std::nullopt;
  if (found.at(0, 2) != index.definition)
    throw failure(
        fmt::format("{}: something else has this name", doing),
        "drop or rename that and retry; or, if it is what you want, remove indexes.json from the "
        "run folder, which describes the index as it was");
  return FoundIndex{found.string(0, 0), found.boolean(0, 1)};
}

// What its definition does not tell. The names are the server's own, not those of a file.
void complete(Connection& connection, const VectorIndex& index, const std::string& doing) {
  const Result names = connection.query(
      "SELECT to_regclass($1)::text, format('%L', $2::text), to_regclass(nullif($3, ''))::text,"
      " EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass($1)::oid)"
      "  OR NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass($4)::oid)",
      {index.name, index.comment, index.parent, index.table}, doing);
  const std::string name = names.string(0, 0);
  if (!index.comment.empty())
    connection.run(fmt::format("COMMENT ON INDEX {} IS {}", name, names.at(0, 1)), doing);
  for (const auto& each : index.statistics)
    connection.run(
        fmt::format(
            "ALTER INDEX {} ALTER COLUMN {} SET STATISTICS {}", name, each.column, each.target),
        doing);
  // A partition may have been detached meanwhile, and keeps its index.
  if (index.parent.empty() || names.boolean(0, 3))
    return;
  if (names.null(0, 2))
    throw failure(fmt::format("{}: its parent {} is missing", doing, printable(index.parent)));
  connection.run(fmt::format("ALTER INDEX {} ATTACH PARTITION {}", names.at(0, 2), name), doing);
}

} // namespace

TableIndexes::TableIndexes(
    Secret conninfo,
    Task task,
    Clock& clock,
    ProgressSink& progress,
    TableIndexesOptions options)
    : m_conninfo(std::move(conninfo)),
      m_task(std::move(task)),
      m_clock(clock),
      m_progress(progress),
      m_options(options) {}

void TableIndexes::retry(const std::function<void()>& attempt) const {
  retry_while_away(m_clock, m_options.retry_timeout, &m_progress, attempt);
}

IndexSurvey TableIndexes::survey() {
  constexpr std::string_view k_doing = "cannot look at the indexes";
  IndexSurvey survey;
  retry([&] {
    Session session(m_conninfo, m_options.lock_timeout, k_doing);
    // The server stumbles over an index that is dropped while it is told of. This keeps them, and
    // wants no right but that of reading the column.
    const Names names = quote_names(session.connection, m_task);
    session.connection.run(
        fmt::format("SELECT {} FROM {} LIMIT 0", names.target, names.table), k_doing);
    survey = survey_indexes(session.connection, m_task);
  });
  return survey;
}

std::uint64_t TableIndexes::count_vectors() {
  constexpr std::string_view k_doing = "cannot count the vectors";
  std::uint64_t vectors = 0;
  retry([&] {
    Session session(m_conninfo, m_options.lock_timeout, k_doing);
    const std::string table = quote_table(session.connection, m_task.rows.table);
    vectors = count(session.connection, table, k_doing);
  });
  return vectors;
}

std::uint64_t TableIndexes::count(
    Connection& connection, const std::string& table, std::string_view doing) const {
  const std::string column = connection.quote_identifier(m_task.target.column);
  return connection.run(fmt::format("SELECT count({}) FROM {}", column, table), doing)
      .number(0, 0);
}

void TableIndexes::drop(const Record& record) {
  retry([&] { drop_once(record); });
}

void TableIndexes::drop_once(const Record& record) const {
  Session session(m_conninfo, m_options.lock_timeout, k_dropping);
  lock_for_drop(session.connection);
  const IndexSurvey survey = survey_indexes(session.connection, m_task);
  if (!survey.obstacles.empty())
    throw failure(fmt::format("{}: {}", k_dropping, survey.obstacles.front()));
  if (survey.indexes.empty())
    return;
  std::vector<std::string> roots; // which take their parts along
  for (const VectorIndex& index : survey.indexes)
    if (index.parent.empty())
      roots.push_back(index.name);
  record(survey.indexes);
  session.connection.run(fmt::format("DROP INDEX {}", fmt::join(roots, ", ")), k_dropping);
  session.transaction.commit(k_dropping);
}

void TableIndexes::lock_for_drop(Connection& connection) const {
  const std::string table = quote_table(connection, m_task.rows.table);
  try {
    connection.run(fmt::format("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", table), k_dropping);
  } catch (const Error& error) {
    if (error.sqlstate != k_lock_not_available)
      throw;
    connection.run("ROLLBACK", k_dropping);
    Error in_use(
        ErrorKind::locked,
        fmt::format(
            "{}: table \"{}\" is in use by {}", k_dropping, printable(m_task.rows.table),
            users_of(connection, table)),
        "retry when the table is idle; nothing was dropped, and --index keep writes with the index "
        "in place");
    in_use.sqlstate = error.sqlstate;
    throw in_use;
  }
}

Rebuilt TableIndexes::build(const VectorIndex& index) {
  Rebuilt outcome = Rebuilt::found;
  retry([&] {
    try {
      outcome = build_once(index, false);
    } catch (const Error& error) {
      if (error.sqlstate != k_disk_full && error.sqlstate != k_out_of_memory)
        throw;
      m_progress.note(
          NoteLevel::warning,
          fmt::format("{}; building it with less memory and in one process", error.what()));
      outcome = build_once(index, true);
    }
  });
  return outcome;
}

Rebuilt TableIndexes::build_once(const VectorIndex& index, bool modestly) const {
  const std::string doing = fmt::format("cannot build index {}", printable(index.name));
  Session session(m_conninfo, m_options.lock_timeout, doing);
  Connection& connection = session.connection;
  connection.run("SET LOCAL search_path = ''", doing);
  const auto table = find_table(connection, index, doing);
  if (!table)
    return Rebuilt::table_gone;
  // Waits until a transaction that drops or builds an index of the table is over, even one whose
  // client is dead, and for no one else. What is looked at now stays so.
  connection.run(fmt::format("LOCK TABLE ONLY {} IN SHARE UPDATE EXCLUSIVE MODE", *table), doing);
  const auto there = find_index(connection, index, doing);
  const bool is_whole = there && there->valid;
  if (there && !is_whole)
    connection.run(fmt::format("DROP INDEX {}", there->name), doing);
  if (!is_whole) {
    const std::uint64_t rows = count(connection, "ONLY " + *table, doing);
    prepare_build(connection, index, rows, modestly, m_progress);
    run_build(connection, index, rows, m_conninfo, m_clock, m_progress);
  }
  complete(connection, index, doing);
  session.transaction.commit(doing);
  return is_whole ? Rebuilt::found : Rebuilt::built;
}

} // namespace embedctl::pg
