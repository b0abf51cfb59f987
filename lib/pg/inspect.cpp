#include "pg/inspect.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "pg/actions.hpp"
#include "pg/connection.hpp"
#include "pg/names.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace embedctl::pg {

namespace {

constexpr std::string_view k_doing = "cannot look at the table";

struct Column {
  std::string name;
  std::string title;     // "column \"id\" of \"items\""
  std::string type;      // with its width: "vector(1536)"
  std::string base_type; // without: "vector"
  std::string type_name; // as the catalogue has it, without schema
  std::string type_schema;
  int width = -1; // -1: none demanded
  bool may_select = false;
  bool may_update = false;
  bool updatable = false;
  bool generated = false;
};

struct Relation {
  std::string oid;
  std::string name; // as the user wrote it
  char kind = 'r';
  std::vector<Column> columns;
};

struct Extension {
  std::string schema;
  std::string quoted_schema;
  Oid vector = 0;
  Oid vector_array = 0;
};

std::vector<Column>
read_columns(Connection& connection, const std::string& table_id, const std::string& table) {
  const Result found = connection.query(
      "SELECT a.attname, format_type(a.atttypid, a.atttypmod), format_type(a.atttypid, NULL),"
      " t.typname, n.nspname, a.atttypmod,"
      " has_column_privilege(a.attrelid, a.attnum, 'SELECT'),"
      " has_column_privilege(a.attrelid, a.attnum, 'UPDATE'),"
      " pg_column_is_updatable(a.attrelid, a.attnum, true), a.attgenerated <> ''"
      " FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
      " JOIN pg_namespace n ON n.oid = t.typnamespace"
      " WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
      {table_id}, k_doing);
  std::vector<Column> columns;
  for (int row = 0; row < found.rows(); ++row) {
    Column column;
    column.name = found.string(row, 0);
    column.title =
        fmt::format("column \"{}\" of \"{}\"", printable(column.name), printable(table));
    column.type = found.string(row, 1);
    column.base_type = found.string(row, 2);
    column.type_name = found.string(row, 3);
    column.type_schema = found.string(row, 4);
    column.width = found.at(row, 5) == "-1" ? -1 : static_cast<int>(found.number(row, 5));
    column.may_select = found.boolean(row, 6);
    column.may_update = found.boolean(row, 7);
    column.updatable = found.boolean(row, 8);
    column.generated = found.boolean(row, 9);
    columns.push_back(std::move(column));
  }
  return columns;
}

std::optional<Extension> read_extension(Connection& connection) {
  const Result found = connection.query(
      "SELECT n.nspname, quote_ident(n.nspname), t.oid, t.typarray FROM pg_extension e"
      " JOIN pg_namespace n ON n.oid = e.extnamespace"
      " JOIN pg_type t ON t.typnamespace = n.oid AND t.typname = 'vector'"
      " WHERE e.extname = 'vector'",
      {}, k_doing);
  if (found.rows() == 0)
    return std::nullopt;
  return Extension{
      found.string(0, 0), found.string(0, 1), static_cast<Oid>(found.number(0, 2)),
      static_cast<Oid>(found.number(0, 3))};
}

// What is missing is nullopt or nullptr from then on, and what depends on it is not checked.
class Inspector {
public:
  explicit Inspector(Connection& connection) : m_connection(connection) {}

  std::optional<Relation> relation(const std::string& table);
  const Column* column(const std::optional<Relation>& relation, const std::string& wanted);
  std::optional<Extension> extension();

  void check_key(const Column& key);
  void check_target(
      const Relation& table,
      const Column& target,
      const std::optional<Extension>& extension,
      int dims);
  void check_may_read(const Column& column);
  void check_may_update(const Column& column);

  std::vector<Finding> findings;

private:
  void refuse(std::string_view sqlstate, std::string what, std::string hint) {
    findings.push_back(
        {Finding::Level::error, std::move(what), std::move(hint), std::string(sqlstate)});
  }
  void refuse_missing(const std::string& table);

  Connection& m_connection;
};

std::optional<Relation> Inspector::relation(const std::string& table) {
  const Result found = m_connection.query(
      "SELECT c.oid, c.relkind FROM pg_class c WHERE c.oid = to_regclass($1)",
      {quote_table(m_connection, table)}, k_doing);
  if (found.rows() == 0) {
    refuse_missing(table);
    return std::nullopt;
  }
  return Relation{
      found.string(0, 0), table, found.at(0, 1).front(),
      read_columns(m_connection, found.string(0, 0), table)};
}

void Inspector::refuse_missing(const std::string& table) {
  const std::string bare = table.substr(table.find('.') + 1);
  const Result elsewhere = m_connection.query(
      "SELECT n.nspname || '.' || c.relname FROM pg_class c"
      " JOIN pg_namespace n ON n.oid = c.relnamespace"
      " WHERE lower(c.relname) = lower($1) AND c.relkind IN ('r', 'p', 'v', 'f')"
      " ORDER BY 1 LIMIT 5",
      {bare}, k_doing);
  const std::string database =
      m_connection.query("SELECT current_database()", {}, k_doing).string(0, 0);
  std::vector<std::string> similar;
  for (int row = 0; row < elsewhere.rows(); ++row)
    similar.push_back(printable(elsewhere.at(row, 0)));
  refuse(
      "42P01",
      fmt::format(
          "there is no table \"{}\" in database \"{}\"", printable(table), printable(database)),
      similar.empty() ? "check that DATABASE_URL names the database that has this table"
                      : fmt::format("did you mean {}?", fmt::join(similar, " or ")));
}

const Column*
Inspector::column(const std::optional<Relation>& relation, const std::string& wanted) {
  if (!relation)
    return nullptr;
  std::vector<std::string> available;
  for (const Column& column : relation->columns) {
    if (column.name == wanted)
      return &column;
    available.push_back(printable(column.name));
  }
  refuse(
      "42703",
      fmt::format(
          "table \"{}\" has no column \"{}\"", printable(relation->name), printable(wanted)),
      fmt::format("its columns are: {}", printable(fmt::format("{}", fmt::join(available, ", ")))));
  return nullptr;
}

std::optional<Extension> Inspector::extension() {
  auto extension = read_extension(m_connection);
  if (!extension)
    refuse(
        "42704", "pgvector is not installed in this database",
        "as a superuser, run: CREATE EXTENSION vector");
  return extension;
}

// Types whose text form leads back to the same value, under any setting of the session.
void Inspector::check_key(const Column& key) {
  constexpr std::array<std::string_view, 6> k_types = {"uuid",   "smallint", "integer",
                                                       "bigint", "text",     "character varying"};
  if (std::find(k_types.begin(), k_types.end(), key.base_type) == k_types.end())
    refuse(
        "42804", fmt::format("key {} is of type {}", key.title, printable(key.type)),
        "a key may be uuid, smallint, integer, bigint, text or character varying");
}

void Inspector::check_target(
    const Relation& table,
    const Column& target,
    const std::optional<Extension>& extension,
    int dims) {
  const bool is_vector = extension && target.type_schema == extension->schema
                         && (target.type_name == "vector" || target.type_name == "halfvec");
  if (!is_vector)
    refuse(
        "42804", fmt::format("{} is of type {}", target.title, printable(target.type)),
        "embeddings can be written to columns of type vector or halfvec");
  else if (target.width != -1 && target.width != dims)
    refuse(
        "42804",
        fmt::format(
            "{} is {}, but the embeddings have {} numbers", target.title, target.type, dims),
        fmt::format("use --dims {}, or change the column", target.width));
  if (target.generated)
    refuse(
        "428C9",
        fmt::format("{} cannot be updated: it is a generated column", target.title),
        "name another target column, or ALTER TABLE … ALTER COLUMN … DROP EXPRESSION");
  else if (table.kind == 'm' || !target.updatable)
    refuse(
        "55000", fmt::format("{} cannot be updated: it is a view", target.title),
        "name the table below the view, or give the view an INSTEAD OF UPDATE trigger");
}

void Inspector::check_may_read(const Column& column) {
  if (!column.may_select)
    refuse(
        "42501", fmt::format("no permission to read {}", column.title),
        "ask the table owner to GRANT SELECT on it");
}

void Inspector::check_may_update(const Column& column) {
  if (!column.may_update)
    refuse(
        "42501", fmt::format("no permission to update {}", column.title),
        "ask the table owner to GRANT UPDATE on it");
}

} // namespace

Inspection inspect(Connection& connection, const Task& task) {
  Inspector inspector(connection);
  const auto table = inspector.relation(task.rows.table);
  const Column* key = inspector.column(table, task.rows.key_column);
  const Column* scope = inspector.column(table, task.rows.scope_column);
  const Column* text = inspector.column(table, task.rows.text_column);
  const Column* target = inspector.column(table, task.target.column);
  const auto scopes = inspector.relation(task.scopes.table);
  const Column* scope_key = inspector.column(scopes, task.scopes.key_column);
  const auto extension = inspector.extension();

  if (key)
    inspector.check_key(*key);
  if (target)
    inspector.check_target(*table, *target, extension, task.request.dims);
  for (const Column* column : {key, scope, text, target, scope_key})
    if (column)
      inspector.check_may_read(*column);
  if (target)
    inspector.check_may_update(*target);

  TableShape shape;
  if (table)
    read_actions(connection, table->oid, table->kind == 'v', shape);
  if (key)
    shape.key_type = key->base_type;
  if (extension) {
    shape.vector = extension->vector;
    shape.vector_array = extension->vector_array;
    shape.equals = fmt::format("OPERATOR({}.=)", extension->quoted_schema);
    if (target && target->type_name == "halfvec")
      shape.as_target = fmt::format("::{}.halfvec", extension->quoted_schema);
  }
  return {std::move(shape), std::move(inspector.findings)};
}

TableShape require(Inspection inspection) {
  for (const Finding& finding : inspection.findings)
    if (finding.level == Finding::Level::error) {
      Error error(ErrorKind::database, finding.what, finding.hint);
      error.sqlstate = finding.sqlstate;
      throw error;
    }
  return std::move(inspection.shape);
}

} // namespace embedctl::pg
