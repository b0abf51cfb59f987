#include "pg/index_keeper.hpp"

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

Error failure(std::string message, std::string hint) {
  return {ErrorKind::database, std::move(message), std::move(hint)};
}

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
  return users.empty() ? "somebody who has gone meanwhile"
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
          "{}: table {} is called {} now", doing, printable(index.table),
          printable(found.at(0, 1))),
      "give the table its name back, or build the index by hand as indexes.json in the run folder "
      "has it and remove that file");
}

enum class Standing { absent, unfinished, there };

// What stands under the index's name.
Standing standing_of(Connection& connection, const VectorIndex& index, const std::string& doing) {
  const Result found = connection.query(
      "SELECT coalesce(pg_get_indexdef(c.oid), ''), i.indisvalid OR c.relkind = 'I' FROM pg_class c"
      " LEFT JOIN pg_index i ON i.indexrelid = c.oid WHERE c.oid = to_regclass($1)",
      {index.name}, doing);
  if (found.rows() == 0)
    return Standing::absent;
  if (found.at(0, 0) != index.definition)
    throw failure(
        fmt::format("{}: there is something else of that name", doing),
        "drop or rename that, and run it again; or, if it is what you want, remove indexes.json "
        "from the run folder, which has the index as it was");
  return found.boolean(0, 1) ? Standing::there : Standing::unfinished;
}

std::string name_of(Connection& connection, const VectorIndex& index, const std::string& doing) {
  return connection.query("SELECT to_regclass($1)::text", {index.name}, doing).string(0, 0);
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
    throw failure(
        fmt::format("{}: its parent {} is not there", doing, printable(index.parent)), {});
  connection.run(fmt::format("ALTER INDEX {} ATTACH PARTITION {}", names.at(0, 2), name), doing);
}

} // namespace

IndexKeeper::IndexKeeper(
    Secret conninfo,
    Task task,
    Clock& clock,
    ProgressSink& progress,
    IndexKeeperOptions options)
    : m_conninfo(std::move(conninfo)),
      m_task(std::move(task)),
      m_clock(clock),
      m_progress(progress),
      m_options(options) {}

// Reading all of a table and building an index over it may take hours.
std::string IndexKeeper::begin_sql() const {
  return fmt::format(
      "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0;"
      " SET LOCAL lock_timeout = {}",
      m_options.lock_timeout.count());
}

IndexSurvey IndexKeeper::survey() {
  constexpr std::string_view k_doing = "cannot look at the indexes";
  IndexSurvey survey;
  retry_while_away(m_clock, m_options.retry_timeout, &m_progress, [&] {
    Connection connection(m_conninfo);
    const Transaction transaction(connection, begin_sql(), k_doing);
    // The server stumbles over an index that is dropped while it is told of. This keeps them, and
    // wants no right but that of reading the column.
    const Names names = quote_names(connection, m_task);
    connection.run(fmt::format("SELECT {} FROM {} LIMIT 0", names.target, names.table), k_doing);
    survey = survey_indexes(connection, m_task);
  });
  return survey;
}

std::uint64_t IndexKeeper::count_vectors() {
  std::uint64_t count = 0;
  retry_while_away(m_clock, m_options.retry_timeout, &m_progress, [&] {
    constexpr std::string_view k_doing = "cannot count the vectors";
    Connection connection(m_conninfo);
    const Transaction transaction(connection, begin_sql(), k_doing);
    const Names names = quote_names(connection, m_task);
    count =
        connection
            .query(fmt::format("SELECT count({}) FROM {}", names.target, names.table), {}, k_doing)
            .number(0, 0);
  });
  return count;
}

void IndexKeeper::drop(const Record& record) {
  retry_while_away(m_clock, m_options.retry_timeout, &m_progress, [&] { drop_once(record); });
}

void IndexKeeper::drop_once(const Record& record) {
  Connection connection(m_conninfo);
  Transaction transaction(connection, begin_sql(), k_dropping);
  lock_for_drop(connection);
  const IndexSurvey survey = survey_indexes(connection, m_task);
  if (!survey.obstacles.empty())
    throw failure(fmt::format("{}: {}", k_dropping, survey.obstacles.front()), {});
  if (survey.indexes.empty())
    return;
  std::vector<std::string> roots; // which take their parts along
  for (const VectorIndex& index : survey.indexes)
    if (index.parent.empty())
      roots.push_back(index.name);
  record(survey.indexes);
  connection.run(fmt::format("DROP INDEX {}", fmt::join(roots, ", ")), k_dropping);
  transaction.commit(k_dropping);
}

void IndexKeeper::lock_for_drop(Connection& connection) {
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
        "ask them, or come when nobody uses the table; nothing was dropped, and --index keep "
        "writes "
        "all the same");
    in_use.sqlstate = error.sqlstate;
    throw in_use;
  }
}

Rebuilt IndexKeeper::build(const VectorIndex& index) {
  Rebuilt outcome = Rebuilt::found;
  retry_while_away(m_clock, m_options.retry_timeout, &m_progress, [&] {
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

Rebuilt IndexKeeper::build_once(const VectorIndex& index, bool modestly) {
  const std::string doing = fmt::format("cannot build index {}", printable(index.name));
  Connection connection(m_conninfo);
  Transaction transaction(connection, begin_sql(), doing);
  connection.run("SET LOCAL search_path = ''", doing);
  const auto table = find_table(connection, index, doing);
  if (!table)
    return Rebuilt::table_gone;
  // Waits until a transaction that drops or builds an index of the table is over, even one whose
  // client is dead, and for no one else. What is looked at now stays so.
  connection.run(fmt::format("LOCK TABLE ONLY {} IN SHARE UPDATE EXCLUSIVE MODE", *table), doing);
  const Standing standing = standing_of(connection, index, doing);
  if (standing == Standing::unfinished)
    connection.run(fmt::format("DROP INDEX {}", name_of(connection, index, doing)), doing);
  if (standing != Standing::there)
    IndexBuild(connection, m_conninfo, m_clock, m_progress)
        .run(index, *table, m_task.target.column, modestly);
  complete(connection, index, doing);
  transaction.commit(doing);
  return standing == Standing::there ? Rebuilt::found : Rebuilt::built;
}

} // namespace embedctl::pg
