#include "pg/inspect.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "pg/connection.hpp"
#include "pg/names.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace embedctl::pg {

namespace {

constexpr std::string_view k_doing = "cannot look at the table";

struct Column {
  std::string name;
  std::string type;      // with its width: "vector(1536)"
  std::string base_type; // without: "vector"
  std::string type_name; // as the catalogue has it, without schema
  std::string type_schema;
  int width = -1; // -1: none demanded
  bool may_select = false;
  bool may_update = false;
  bool updatable = false;
};

struct Relation {
  std::string name; // as the user wrote it
  char kind = 'r';
  std::vector<Column> columns;

  const Column& column(std::string_view wanted) const;
};

struct Extension {
  std::string schema;
  std::string quoted_schema;
  Oid vector = 0;
  Oid vector_array = 0;
};

[[noreturn]] void refuse(std::string_view sqlstate, const std::string& message, std::string hint) {
  Error error(ErrorKind::database, message, std::move(hint));
  error.sqlstate = sqlstate;
  throw error;
}

const Column& Relation::column(std::string_view wanted) const {
  const auto found = std::find_if(
      columns.begin(), columns.end(), [&](const Column& c) { return c.name == wanted; });
  if (found != columns.end())
    return *found;
  std::vector<std::string> available;
  for (const Column& candidate : columns)
    available.push_back(printable(candidate.name));
  refuse(
      "42703", fmt::format("table \"{}\" has no column \"{}\"", printable(name), printable(wanted)),
      fmt::format("its columns are: {}", printable(fmt::format("{}", fmt::join(available, ", ")))));
}

[[noreturn]] void refuse_missing_table(Connection& connection, const std::string& table) {
  const std::string bare = table.substr(table.find('.') + 1);
  const Result elsewhere = connection.query(
      "SELECT n.nspname || '.' || c.relname FROM pg_class c"
      " JOIN pg_namespace n ON n.oid = c.relnamespace"
      " WHERE lower(c.relname) = lower($1) AND c.relkind IN ('r', 'p', 'v', 'f')"
      " ORDER BY 1 LIMIT 5",
      {bare}, k_doing);
  const std::string database =
      connection.query("SELECT current_database()", {}, k_doing).string(0, 0);
  std::vector<std::string> similar;
  for (int row = 0; row < elsewhere.rows(); ++row)
    similar.push_back(printable(elsewhere.at(row, 0)));
  refuse(
      "42P01",
      fmt::format(
          "there is no table \"{}\" in database \"{}\"", printable(table), printable(database)),
      similar.empty() ? "check that DATABASE_URL names the database that has this table"
                      : fmt::format("there is: {}", fmt::join(similar, ", ")));
}

Relation read_relation(Connection& connection, const std::string& table) {
  const std::string quoted = quote_table(connection, table);
  const Result found = connection.query(
      "SELECT c.oid, c.relkind FROM pg_class c WHERE c.oid = to_regclass($1)", {quoted}, k_doing);
  if (found.rows() == 0)
    refuse_missing_table(connection, table);

  Relation relation;
  relation.name = table;
  relation.kind = found.at(0, 1).front();
  const Result columns = connection.query(
      "SELECT a.attname, format_type(a.atttypid, a.atttypmod), format_type(a.atttypid, NULL),"
      " t.typname, n.nspname, a.atttypmod,"
      " has_column_privilege(a.attrelid, a.attnum, 'SELECT'),"
      " has_column_privilege(a.attrelid, a.attnum, 'UPDATE'),"
      " pg_column_is_updatable(a.attrelid, a.attnum, true)"
      " FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
      " JOIN pg_namespace n ON n.oid = t.typnamespace"
      " WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
      {found.string(0, 0)}, k_doing);
  for (int row = 0; row < columns.rows(); ++row) {
    Column column;
    column.name = columns.string(row, 0);
    column.type = columns.string(row, 1);
    column.base_type = columns.string(row, 2);
    column.type_name = columns.string(row, 3);
    column.type_schema = columns.string(row, 4);
    column.width = columns.at(row, 5) == "-1" ? -1 : static_cast<int>(columns.number(row, 5));
    column.may_select = columns.boolean(row, 6);
    column.may_update = columns.boolean(row, 7);
    column.updatable = columns.boolean(row, 8);
    relation.columns.push_back(std::move(column));
  }
  return relation;
}

Extension read_extension(Connection& connection) {
  const Result found = connection.query(
      "SELECT n.nspname, quote_ident(n.nspname), t.oid, t.typarray FROM pg_extension e"
      " JOIN pg_namespace n ON n.oid = e.extnamespace"
      " JOIN pg_type t ON t.typnamespace = n.oid AND t.typname = 'vector'"
      " WHERE e.extname = 'vector'",
      {}, k_doing);
  if (found.rows() == 0)
    refuse("42704", "the database has no pgvector", "let a superuser run: CREATE EXTENSION vector");
  return {
      found.string(0, 0), found.string(0, 1), static_cast<Oid>(found.number(0, 2)),
      static_cast<Oid>(found.number(0, 3))};
}

// Types whose text form leads back to the same value, under any setting of the session.
void check_key(const Relation& table, const Column& key) {
  constexpr std::array<std::string_view, 6> k_types = {"uuid",   "smallint", "integer",
                                                       "bigint", "text",     "character varying"};
  if (std::find(k_types.begin(), k_types.end(), key.base_type) == k_types.end())
    refuse(
        "42804",
        fmt::format(
            "key column \"{}\" of \"{}\" is of type {}", printable(key.name), printable(table.name),
            printable(key.type)),
        "keys may be uuid, smallint, integer, bigint, text or character varying");
}

void check_target(
    const Relation& table, const Column& target, const Extension& extension, int dims) {
  const std::string what =
      fmt::format("column \"{}\" of \"{}\"", printable(target.name), printable(table.name));
  const bool is_vector = target.type_schema == extension.schema
                         && (target.type_name == "vector" || target.type_name == "halfvec");
  if (!is_vector)
    refuse(
        "42804", fmt::format("{} is of type {}", what, printable(target.type)),
        "embeddings can be written to columns of type vector or halfvec");
  if (target.width != -1 && target.width != dims)
    refuse(
        "42804",
        fmt::format("{} is {}, but the embeddings have {} numbers", what, target.type, dims),
        fmt::format("use --dims {}, or change the column", target.width));
  if (table.kind == 'm' || !target.updatable)
    refuse(
        "55000", fmt::format("{} cannot be updated: it is a view", what),
        "name the table below the view, or give the view an INSTEAD OF UPDATE trigger");
}

void check_privileges(const Relation& table, std::initializer_list<const Column*> read) {
  for (const Column* column : read)
    if (!column->may_select)
      refuse(
          "42501",
          fmt::format(
              "no permission to read column \"{}\" of \"{}\"", printable(column->name),
              printable(table.name)),
          "let the table's owner GRANT SELECT on it");
}

} // namespace

TableShape inspect(Connection& connection, const Task& task) {
  const Relation table = read_relation(connection, task.rows.table);
  const Column& key = table.column(task.rows.key_column);
  const Column& scope = table.column(task.rows.scope_column);
  const Column& text = table.column(task.rows.text_column);
  const Column& target = table.column(task.target.column);
  const Relation scopes = read_relation(connection, task.scopes.table);
  const Column& scope_key = scopes.column(task.scopes.key_column);
  const Extension extension = read_extension(connection);

  check_key(table, key);
  check_target(table, target, extension, task.request.dims);
  check_privileges(table, {&key, &scope, &text, &target});
  check_privileges(scopes, {&scope_key});
  if (!target.may_update)
    refuse(
        "42501",
        fmt::format(
            "no permission to update column \"{}\" of \"{}\"", printable(target.name),
            printable(table.name)),
        "let the table's owner GRANT UPDATE on it");

  TableShape shape;
  shape.key_type = key.base_type;
  shape.vector = extension.vector;
  shape.vector_array = extension.vector_array;
  shape.equals = fmt::format("OPERATOR({}.=)", extension.quoted_schema);
  if (target.type_name == "halfvec")
    shape.as_target = fmt::format("::{}.halfvec", extension.quoted_schema);
  return shape;
}

} // namespace embedctl::pg
