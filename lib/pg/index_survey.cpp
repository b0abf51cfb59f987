#include "pg/index_survey.hpp"

#include "base/bytes.hpp"
#include "pg/connection.hpp"
#include "pg/index_build.hpp"
#include "pg/names.hpp"

#include <algorithm>
#include <cstdint>
#include <map>

#include <fmt/format.h>

namespace embedctl::pg {

namespace {

constexpr std::string_view k_doing = "cannot look at the indexes";

// What a cost depends on.
struct Shape {
  bool is_hnsw;
  std::uint64_t value_bytes; // of one vector in the index
  std::uint64_t m;
  std::uint64_t ef_construction;
  std::uint64_t lists;
};

struct Cost {
  double seconds_per_row;
  double build_speed;
  std::uint64_t needed_bytes;
  std::uint64_t bytes_per_row;
};

constexpr std::uint64_t k_mib = std::uint64_t{1} << 20;

// Measured with pgvector 0.8 on two cores: 2.5 ms for an insert into an HNSW index over 20,000
// vectors of this size, 5 to 8 ms while the cores had other work, and 0.1 ms for one into an
// IVFFlat index of 100 lists. Two connections write, so a row takes half of that. Building the
// first took a third to an eighth for each row; the worse of these counts, because queries do
// without the index meanwhile.
constexpr double k_measured_bytes = 6152; // of a vector of 1536 numbers

// An insert compares the vector with those that it meets on its way. A build in memory keeps the
// vector, and its neighbours: twice m on the ground floor, 16 bytes each.
Cost hnsw_cost(const Shape& shape, double width) {
  const double work = static_cast<double>(shape.ef_construction * shape.m) / (64 * 16);
  return {
      .seconds_per_row = 0.002 * width * work,
      .build_speed = 3,
      .needed_bytes = 0,
      .bytes_per_row = shape.value_bytes + 32 * shape.m + 300};
}

// An insert compares the vector with every list's centre. A build is refused without memory for the
// samples and the bounds of the k-means that finds the centres, as pgvector adds them up.
Cost ivfflat_cost(const Shape& shape, double width) {
  const double work = std::max(1.0, static_cast<double>(shape.lists) / 100);
  const std::uint64_t samples = std::max<std::uint64_t>(50 * shape.lists, 10'000);
  const std::uint64_t bounds = 4 * (samples + shape.lists) * (shape.lists + 2);
  return {
      .seconds_per_row = 0.0001 * width * work,
      .build_speed = 1.5,
      .needed_bytes = (samples + 3 * shape.lists) * shape.value_bytes + bounds + k_mib,
      .bytes_per_row = 0};
}

std::string option_sql(const char* name, int otherwise) {
  return fmt::format(
      "coalesce((SELECT option_value::bigint FROM pg_options_to_table(c.reloptions)"
      "          WHERE option_name = '{}' AND option_value ~ '^[0-9]{{1,9}}$'), {})",
      name, otherwise);
}

// Why this user cannot drop the index and have it back; NULL if he can. A part whose parent is an
// index of this table or of a partition of it comes and goes with that.
constexpr const char* k_obstacle_sql =
    "CASE WHEN level = 0 AND p.oid IS NOT NULL THEN 'is a part of the index ' || p.name"
    " WHEN i.indisunique OR i.indisexclusion OR i.indisclustered OR i.indisreplident"
    "  OR EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid)"
    "  THEN 'is more than an index: unique, of a constraint, or marked for CLUSTER or replication'"
    " WHEN EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass"
    "              AND e.objid = c.oid AND e.deptype IN ('e', 'x'))"
    "  THEN 'belongs to an extension'"
    " WHEN NOT (i.indisvalid OR c.relkind = 'I')"
    "  THEN 'is not valid: a build of it was cut short, or is under way'"
    " WHEN NOT pg_has_role(c.relowner, 'USAGE') THEN 'belongs to a table of another owner'"
    " WHEN NOT has_schema_privilege(c.relnamespace, 'CREATE')"
    "  THEN 'is in a schema where this user may create nothing'"
    " WHEN c.reltablespace <> 0 AND NOT has_tablespace_privilege(c.reltablespace, 'CREATE')"
    "  THEN 'is in a tablespace where this user may create nothing' END";

// The table, its partitions and theirs, whatever the depth; heirs of an older kind are the same to
// an UPDATE. pg_depend knows the columns that a key, an expression or a condition is made of.
// pgvector keeps the number of dimensions as the type's modifier.
std::string find_sql() {
  return fmt::format(
      "WITH RECURSIVE tables(id, level) AS ("
      "  SELECT $1::oid, 0"
      "  UNION ALL SELECT h.inhrelid, level + 1 FROM pg_inherits h JOIN tables ON id = h.inhparent)"
      " SELECT c.oid, format('%I.%I', n.nspname, c.relname),"
      " format('%I.%I', tn.nspname, t.relname), t.oid, pg_get_indexdef(c.oid),"
      " coalesce(s.spcname, ''), coalesce(obj_description(c.oid, 'pg_class'), ''),"
      " coalesce(p.name, ''), {}, c.relkind = 'I', am.amname = 'hnsw',"
      " 8 + CASE WHEN v.type LIKE '%halfvec%' THEN 2 * v.dims"
      "          WHEN v.type LIKE 'bit%' THEN v.dims / 8 ELSE 4 * v.dims END, {}, {}, {}"
      " FROM tables JOIN pg_class t ON t.oid = tables.id"
      " JOIN pg_namespace tn ON tn.oid = t.relnamespace"
      " JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class c ON c.oid = i.indexrelid"
      " JOIN pg_namespace n ON n.oid = c.relnamespace"
      " JOIN pg_am am ON am.oid = c.relam AND am.amname IN ('hnsw', 'ivfflat')"
      " JOIN pg_attribute ia ON ia.attrelid = c.oid AND ia.attnum = 1"
      " CROSS JOIN LATERAL (SELECT ia.atttypid::regtype::text,"
      "                     coalesce(nullif(ia.atttypmod, -1), $3::int)) v(type, dims)"
      " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = $2"
      " LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace"
      " LEFT JOIN pg_inherits h ON h.inhrelid = c.oid"
      " LEFT JOIN LATERAL (SELECT pc.oid, format('%I.%I', pn.nspname, pc.relname)"
      "                    FROM pg_class pc JOIN pg_namespace pn ON pn.oid = pc.relnamespace"
      "                    WHERE pc.oid = h.inhparent) p(oid, name) ON true"
      " WHERE EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass"
      "               AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass"
      "               AND d.refobjid = t.oid AND d.refobjsubid = a.attnum)"
      " ORDER BY level, 2",
      k_obstacle_sql, option_sql("m", 16), option_sql("ef_construction", 64),
      option_sql("lists", 100));
}

// The targets of columns that are expressions; NULL or -1, by the server's version, is the default.
std::vector<VectorIndex::Statistics>
read_statistics(Connection& connection, const std::string& index_id) {
  const Result found = connection.query(
      "SELECT attnum, attstattarget FROM pg_attribute"
      " WHERE attrelid = $1 AND attnum > 0 AND attstattarget >= 0 ORDER BY attnum",
      {index_id}, k_doing);
  std::vector<VectorIndex::Statistics> statistics;
  for (int i = 0; i < found.rows(); ++i)
    statistics.push_back(
        {static_cast<int>(found.number(i, 0)), static_cast<int>(found.number(i, 1))});
  return statistics;
}

} // namespace

IndexSurvey survey_indexes(Connection& connection, const Task& task) {
  const Result table = connection.query(
      "SELECT to_regclass($1)::oid", {quote_table(connection, task.rows.table)}, k_doing);
  IndexSurvey survey;
  if (table.null(0, 0))
    return survey;
  connection.run("SET LOCAL search_path = ''", k_doing);
  const Result found = connection.query(
      find_sql(), {table.string(0, 0), task.target.column, std::to_string(task.request.dims)},
      k_doing);
  const std::uint64_t memory = most_build_bytes(server_memory(connection));
  std::map<std::string, double> seconds; // for a row of each table
  for (int row = 0; row < found.rows(); ++row) {
    const Shape shape{
        found.boolean(row, 10), found.number(row, 11), found.number(row, 12),
        found.number(row, 13), found.number(row, 14)};
    const double width = static_cast<double>(shape.value_bytes) / k_measured_bytes;
    const Cost cost = shape.is_hnsw ? hnsw_cost(shape, width) : ivfflat_cost(shape, width);
    const VectorIndex& index = survey.indexes.emplace_back(VectorIndex{
        found.string(row, 1), found.string(row, 2), found.number(row, 3), found.string(row, 4),
        found.string(row, 5), found.string(row, 6),
        read_statistics(connection, found.string(row, 0)), found.string(row, 7),
        cost.needed_bytes, cost.bytes_per_row});
    if (!found.null(row, 8))
      survey.obstacles.push_back(
          fmt::format("index {} {}", printable(index.name), printable(found.at(row, 8))));
    if (found.boolean(row, 9))
      continue; // that of a partitioned table holds nothing itself
    survey.seconds_per_row =
        std::max(survey.seconds_per_row, seconds[index.table] += cost.seconds_per_row);
    survey.build_speed = std::min(survey.build_speed, cost.build_speed);
    if (cost.bytes_per_row > 0)
      survey.rows_in_memory = std::min(survey.rows_in_memory, memory / cost.bytes_per_row);
  }
  return survey;
}

} // namespace embedctl::pg
