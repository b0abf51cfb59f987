#include "pg/write_sql.hpp"

#include <fmt/format.h>

namespace embedctl::pg {

namespace {

// The n-th vector is fetched from its array only where it is stored or compared: as a column of
// unnest it would be copied into the function's result and once more into the join's.
std::string rows_sql() {
  return "unnest($1, $2) WITH ORDINALITY AS i(k, fp, n)";
}

std::string vector_sql(const TableShape& shape) {
  return "($3)[i.n]" + shape.as_target;
}

// A trigger may have changed or emptied the new row, so the state comes from what it holds.
std::string update_sql(const Names& names, const TableShape& shape, bool overwrite) {
  const std::string ours = vector_sql(shape);
  const std::string fence =
      overwrite
          ? fmt::format("(t.{0} IS NULL OR NOT t.{0} {1} {2})", names.target, shape.equals, ours)
          : fmt::format("t.{} IS NULL", names.target);
  return fmt::format(
      "UPDATE {} AS t SET {} = {} FROM {} WHERE t.{} = i.k::{} AND {} = i.fp AND {}"
      " RETURNING i.n, CASE WHEN t.{} {} {} THEN 0 ELSE 5 END",
      names.table, names.target, ours, rows_sql(), names.key, shape.key_type,
      fingerprint_sql(names), fence, names.target, shape.equals, ours);
}

// `cases` tells what a row is that is there; they are looked at in their order.
std::string classify_sql(const Names& names, const TableShape& shape, const std::string& cases) {
  return fmt::format(
      "SELECT i.n, min(CASE WHEN t.{key} IS NULL THEN 4 {cases} ELSE 1 END)"
      " FROM {rows} LEFT JOIN {table} t ON t.{key} = i.k::{key_type} GROUP BY i.n",
      fmt::arg("key", names.key), fmt::arg("cases", cases), fmt::arg("rows", rows_sql()),
      fmt::arg("table", names.table), fmt::arg("key_type", shape.key_type));
}

std::string lock_sql(const Names& names, const TableShape& shape, const char* how) {
  return fmt::format(
      "SELECT i.n, 0 FROM {} JOIN {} t ON t.{} = i.k::{} FOR NO KEY UPDATE OF t {}", rows_sql(),
      names.table, names.key, shape.key_type, how);
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

} // namespace

WriteSql write_sql(const Names& names, const TableShape& shape, bool overwrite) {
  const std::string ours = holds_ours_sql(names, shape);
  const std::string edited = edited_sql(names);
  WriteSql sql;
  sql.update = update_sql(names, shape, overwrite);
  // A row that holds our vector is written, even if its text was edited afterwards.
  sql.classify =
      classify_sql(names, shape, ours + edited + (overwrite ? "" : holds_any_sql(names)));
  sql.examine = classify_sql(names, shape, edited + ours + holds_any_sql(names));
  sql.lock = lock_sql(names, shape, "SKIP LOCKED");
  sql.lock_now = lock_sql(names, shape, "NOWAIT");
  sql.still_ours = classify_sql(names, shape, ours);
  return sql;
}

} // namespace embedctl::pg
