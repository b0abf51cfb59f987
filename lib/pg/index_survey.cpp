#include "pg/index_survey.hpp"

#include "base/bytes.hpp"
#include "pg/connection.hpp"
#include "pg/index_cost.hpp"
#include "pg/names.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

#include <fmt/format.h>

namespace embedctl::pg {

namespace {

constexpr std::string_view k_doing = "cannot look at the indexes";

// The table, its partitions and theirs, whatever the depth; heirs of an older kind are the same to
// an UPDATE. pg_depend knows the columns that a key, an expression or a condition is made of.
constexpr const char* k_find =
    "WITH RECURSIVE tables(id, level) AS ("
    "  SELECT $1::oid, 0"
    "  UNION ALL SELECT h.inhrelid, level + 1 FROM pg_inherits h JOIN tables ON id = h.inhparent)"
    " SELECT c.oid, format('%I.%I', n.nspname, c.relname), format('%I.%I', tn.nspname, t.relname),"
    " t.oid, pg_get_indexdef(c.oid), coalesce(s.spcname, ''),"
    " coalesce(obj_description(c.oid, 'pg_class'), ''), coalesce(p.oid, 0),"
    " coalesce((SELECT format('%I.%I', pn.nspname, p.relname) FROM pg_namespace pn"
    "           WHERE pn.oid = p.relnamespace), ''),"
    " am.amname, c.relkind, ia.atttypid::regtype::text, ia.atttypmod,"
    " i.indisvalid OR c.relkind = 'I',"
    " i.indisunique OR i.indisexclusion OR i.indisclustered OR i.indisreplident"
    "  OR EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid),"
    " EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid"
    "         AND e.deptype IN ('e', 'x')),"
    " pg_has_role(c.relowner, 'USAGE'), has_schema_privilege(c.relnamespace, 'CREATE'),"
    " c.reltablespace = 0 OR has_tablespace_privilege(c.reltablespace, 'CREATE')"
    " FROM tables JOIN pg_class t ON t.oid = tables.id"
    " JOIN pg_namespace tn ON tn.oid = t.relnamespace"
    " JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class c ON c.oid = i.indexrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_am am ON am.oid = c.relam AND am.amname IN ('hnsw', 'ivfflat')"
    " JOIN pg_attribute ia ON ia.attrelid = c.oid AND ia.attnum = 1"
    " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = $2"
    " LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace"
    " LEFT JOIN pg_inherits h ON h.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = h.inhparent"
    " WHERE EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass"
    "               AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass"
    "               AND d.refobjid = t.oid AND d.refobjsubid = a.attnum)"
    " ORDER BY level, 2";

constexpr const char* k_options =
    "SELECT o.option_name, o.option_value FROM pg_class c, pg_options_to_table(c.reloptions) o"
    " WHERE c.oid = $1 AND o.option_value ~ '^[0-9]{1,9}$'";

// The targets of columns that are expressions; NULL or -1, by the server's version, is the default.
constexpr const char* k_statistics =
    "SELECT attnum, attstattarget FROM pg_attribute"
    " WHERE attrelid = $1 AND attnum > 0 AND attstattarget >= 0 ORDER BY attnum";

// What a value takes: pgvector keeps the number of dimensions as the type's modifier.
std::uint64_t value_bytes(std::string_view type, std::uint64_t dims) {
  if (type.find("halfvec") != std::string_view::npos)
    return 8 + 2 * dims;
  if (type == "bit" || type == "bit varying")
    return 8 + dims / 8;
  return 8 + 4 * dims;
}

IndexShape read_shape(Connection& connection, const Result& found, int row, int dims) {
  IndexShape shape;
  shape.is_hnsw = found.at(row, 9) == "hnsw";
  const bool has_width = found.at(row, 12) != "-1";
  shape.value_bytes = value_bytes(
      found.at(row, 11), has_width ? found.number(row, 12) : static_cast<std::uint64_t>(dims));
  const Result options = connection.query(k_options, {found.string(row, 0)}, k_doing);
  for (int i = 0; i < options.rows(); ++i)
    set_option(shape, options.at(i, 0), options.number(i, 1));
  return shape;
}

VectorIndex
read_index(Connection& connection, const Result& found, int row, const IndexShape& shape) {
  VectorIndex index;
  index.name = found.string(row, 1);
  index.table = found.string(row, 2);
  index.table_id = found.number(row, 3);
  index.definition = found.string(row, 4);
  index.tablespace = found.string(row, 5);
  index.comment = found.string(row, 6);
  index.parent = found.string(row, 8);
  index.needed_bytes = needed_bytes(shape);
  index.bytes_per_row = bytes_per_row(shape);
  const Result statistics = connection.query(k_statistics, {found.string(row, 0)}, k_doing);
  for (int i = 0; i < statistics.rows(); ++i)
    index.statistics.push_back(
        {static_cast<int>(statistics.number(i, 0)), static_cast<int>(statistics.number(i, 1))});
  return index;
}

// Why this user cannot drop the index and have it back; empty if he can.
std::string obstacle_of(const Result& found, int row, bool is_part_of_other) {
  const auto unless = [&](int column, const char* why) {
    return found.boolean(row, column) ? "" : why;
  };
  if (is_part_of_other)
    return fmt::format("is a part of the index {}", printable(found.at(row, 8)));
  if (found.boolean(row, 14))
    return "is more than an index: unique, of a constraint, or marked for CLUSTER or replication";
  if (found.boolean(row, 15))
    return "belongs to an extension";
  for (const auto& [column, why] :
       {std::pair{13, "is not valid: a build of it was cut short, or is under way"},
        std::pair{16, "belongs to a table of another owner"},
        std::pair{17, "is in a schema where this user may create nothing"},
        std::pair{18, "is in a tablespace where this user may create nothing"}})
    if (const std::string text = unless(column, why); !text.empty())
      return text;
  return "";
}

} // namespace

ServerMemory server_memory(Connection& connection) {
  const Result found = connection.query(
      "SELECT pg_size_bytes(current_setting('maintenance_work_mem')),"
      " pg_size_bytes(current_setting('shared_buffers'))",
      {}, k_doing);
  return {found.number(0, 0), found.number(0, 1)};
}

IndexSurvey survey_indexes(Connection& connection, const Task& task) {
  const Result table = connection.query(
      "SELECT to_regclass($1)::oid", {quote_table(connection, task.rows.table)}, k_doing);
  IndexSurvey survey;
  if (table.null(0, 0))
    return survey;
  connection.run("SET LOCAL search_path = ''", k_doing);
  const Result found =
      connection.query(k_find, {table.string(0, 0), task.target.column}, k_doing);

  std::vector<std::string_view> ids = {"0"};
  for (int row = 0; row < found.rows(); ++row)
    ids.push_back(found.at(row, 0));
  const ServerMemory server = server_memory(connection);
  std::map<std::string, double> seconds; // for a row of each table
  for (int row = 0; row < found.rows(); ++row) {
    const IndexShape shape = read_shape(connection, found, row, task.request.dims);
    survey.indexes.push_back(read_index(connection, found, row, shape));
    const VectorIndex& index = survey.indexes.back();
    const bool known_parent = std::find(ids.begin(), ids.end(), found.at(row, 7)) != ids.end();
    if (const auto obstacle = obstacle_of(found, row, !known_parent); !obstacle.empty())
      survey.obstacles.push_back(fmt::format("index {} {}", printable(index.name), obstacle));
    if (found.at(row, 10) == "I")
      continue; // holds nothing itself
    survey.seconds_per_row =
        std::max(survey.seconds_per_row, seconds[index.table] += seconds_per_row(shape));
    const double speed = build_speed(shape);
    const std::uint64_t in_memory = index.bytes_per_row == 0
                                        ? std::numeric_limits<std::uint64_t>::max()
                                        : most_build_bytes(server) / index.bytes_per_row;
    const bool first = survey.build_speed == 0;
    survey.build_speed = first ? speed : std::min(survey.build_speed, speed);
    survey.rows_in_memory = first ? in_memory : std::min(survey.rows_in_memory, in_memory);
  }
  return survey;
}

} // namespace embedctl::pg
