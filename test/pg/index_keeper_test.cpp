#include "pg/index_keeper.hpp"

#include "pg/fixture.hpp"
#include "support/catch.hpp"
#include "support/fake_progress.hpp"

#include <algorithm>
#include <future>
#include <thread>

#include <fmt/format.h>

using namespace embedctl;
using namespace embedctl::pg;
using test::TestDatabase;

namespace {

constexpr const char* k_hnsw =
    "CREATE INDEX nearest ON knowledge_chunks USING hnsw (embedding vector_cosine_ops)"
    " WITH (m = 8, ef_construction = 32)";

struct Keeper {
  explicit Keeper(
      const std::string& url,
      std::chrono::milliseconds lock_timeout = std::chrono::milliseconds(50))
      : keeper(Secret(url), narrow_entity(), clock, progress, {{}, lock_timeout}) {}

  // Drops what there is; what was recorded.
  std::vector<VectorIndex> drop() {
    std::vector<VectorIndex> recorded;
    keeper.drop([&](const std::vector<VectorIndex>& indexes) { recorded = indexes; });
    return recorded;
  }

  SleepingClock clock;
  test::FakeProgress progress;
  pg::IndexKeeper keeper;
};

// Everything about the table's indexes that a user could see.
std::vector<std::vector<std::string>> indexes_of(const TestDatabase& database) {
  return database.rows(
      "SELECT n.nspname, c.relname, c.relkind, pg_get_indexdef(c.oid), c.reloptions::text,"
      " coalesce(s.spcname, ''), obj_description(c.oid), i.indisvalid, c.relowner::regrole,"
      " (SELECT string_agg(attnum || ':' || coalesce(attstattarget, -1), ',') FROM pg_attribute"
      "  WHERE attrelid = c.oid),"
      " (SELECT h.inhparent::regclass FROM pg_inherits h WHERE h.inhrelid = c.oid)"
      " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
      " JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_tablespace s"
      " ON s.oid = c.reltablespace WHERE n.nspname NOT LIKE 'pg\\_%' ORDER BY 1, 2");
}

void fill(const TestDatabase& database, int rows) {
  for (int n = 1; n <= rows; ++n)
    add_chunk(database, n, fmt::format("text {}", n));
  database.exec("UPDATE knowledge_chunks SET embedding = ARRAY[random(), random(), 1]::vector");
}

} // namespace

TEST_CASE("an index that was dropped is built again exactly as it was", "[pg][index]") {
  const TestDatabase database;
  make_tables(database);
  fill(database, 20);
  database.exec(k_hnsw);
  database.exec("COMMENT ON INDEX nearest IS 'it''s \\ the \"one\"'");
  database.exec(
      "CREATE INDEX \"Odd name\" ON knowledge_chunks USING ivfflat (embedding vector_l2_ops)"
      " WITH (lists = 3) WHERE embedding IS NOT NULL AND content <> 'it''s'");
  database.exec(
      "CREATE INDEX half ON knowledge_chunks USING hnsw ((embedding::halfvec(3)) halfvec_l2_ops)");
  database.exec("ALTER INDEX half ALTER COLUMN 1 SET STATISTICS 250");
  const auto before = indexes_of(database);

  Keeper keeper(database.url());
  const auto recorded = keeper.drop();
  CHECK(recorded.size() == 3);
  CHECK(
      database.value("SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
                     " JOIN pg_am a ON a.oid = c.relam WHERE amname IN ('hnsw', 'ivfflat')")
      == "0");
  for (const VectorIndex& index : recorded)
    CHECK(keeper.keeper.build(index) == Rebuilt::built);
  CHECK(indexes_of(database) == before);
  for (const VectorIndex& index : recorded)
    CHECK(keeper.keeper.build(index) == Rebuilt::found);
  CHECK(indexes_of(database) == before);
}
