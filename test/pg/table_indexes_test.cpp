#include "pg/table_indexes.hpp"

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
      : keeper(Secret(url), narrow_task(), clock, progress, {{}, lock_timeout}) {}

  // Drops what there is; what was recorded.
  std::vector<VectorIndex> drop() {
    std::vector<VectorIndex> recorded;
    keeper.drop([&](const std::vector<VectorIndex>& indexes) { recorded = indexes; });
    return recorded;
  }

  SleepingClock clock;
  test::FakeProgress progress;
  pg::TableIndexes keeper;
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

TEST_CASE("the index of a partitioned table comes back with all its parts", "[pg][index]") {
  const TestDatabase database;
  database.exec(
      "CREATE SCHEMA old; CREATE TABLE equipment_families (id uuid PRIMARY KEY);"
      "CREATE TABLE knowledge_chunks (id uuid NOT NULL, family_id uuid, content text,"
      " embedding vector(3)) PARTITION BY LIST (content);"
      "CREATE TABLE part_a PARTITION OF knowledge_chunks FOR VALUES IN ('a');"
      "CREATE TABLE old.part_b PARTITION OF knowledge_chunks FOR VALUES IN ('b')"
      " PARTITION BY RANGE (id);"
      "CREATE TABLE old.part_b_1 PARTITION OF old.part_b DEFAULT;"
      "CREATE INDEX nearest ON knowledge_chunks USING hnsw (embedding vector_cosine_ops);"
      "CREATE INDEX only_a ON part_a USING ivfflat (embedding vector_l2_ops) WITH (lists = 2);"
      "ALTER INDEX old.part_b_1_embedding_idx SET (ef_construction = 70);"
      "INSERT INTO knowledge_chunks SELECT gen_random_uuid(), NULL, (ARRAY['a', 'b'])[1 + n % 2],"
      " ARRAY[n, 1, 2]::vector FROM generate_series(1, 30) n");
  const auto before = indexes_of(database);
  Keeper keeper(database.url());
  CHECK(keeper.keeper.survey().obstacles.empty());
  const auto recorded = keeper.drop();
  REQUIRE(recorded.size() == 5);
  CHECK(indexes_of(database).size() == before.size() - 5);
  for (const VectorIndex& index : recorded)
    CHECK(keeper.keeper.build(index) == Rebuilt::built);
  CHECK(indexes_of(database) == before);

  SECTION("without a partition that was dropped or detached meanwhile") {
    keeper.drop();
    database.exec("DROP TABLE part_a; ALTER TABLE old.part_b DETACH PARTITION old.part_b_1");
    int gone = 0;
    for (const VectorIndex& index : recorded)
      gone += keeper.keeper.build(index) == Rebuilt::table_gone ? 1 : 0;
    CHECK(gone == 2);
    CHECK(indexes_of(database).size() == before.size() - 2);
  }

  SECTION("and a part of it is not taken by itself") {
    Task task = narrow_task();
    task.rows.table = "part_a";
    pg::TableIndexes part(Secret(database.url()), task, keeper.clock, keeper.progress);
    const IndexSurvey survey = part.survey();
    REQUIRE(survey.obstacles.size() == 1);
    CHECK(
        survey.obstacles.front()
        == "index public.part_a_embedding_idx is a part of the index public.nearest");
  }
}

TEST_CASE("indexes that vectors are not written into are left alone", "[pg][index]") {
  const TestDatabase database;
  make_tables(database);
  database.exec("ALTER TABLE knowledge_chunks ADD COLUMN title vector(3);"
                "CREATE INDEX ON knowledge_chunks USING hnsw (title vector_l2_ops);"
                "CREATE INDEX ON knowledge_chunks (content) WHERE embedding IS NULL");
  Keeper keeper(database.url());
  CHECK(keeper.keeper.survey().indexes.empty());
  CHECK(keeper.drop().empty());
  database.exec("CREATE INDEX other ON knowledge_chunks USING hnsw (title vector_l2_ops)"
                " WHERE embedding IS NOT NULL");
  const IndexSurvey survey = keeper.keeper.survey();
  REQUIRE(survey.indexes.size() == 1);
  CHECK(survey.indexes.front().name == "public.other");
  CHECK(survey.seconds_per_row > 0);
  CHECK(survey.build_speed > 1);
  CHECK(survey.rows_in_memory > 1000);
}

TEST_CASE("an index costs more the more it has to compare and to keep", "[pg][index]") {
  const TestDatabase database;
  make_tables(database);
  Keeper keeper(database.url());
  const auto survey_of = [&](const std::string& index) {
    database.exec("DROP INDEX IF EXISTS nearest; CREATE INDEX nearest ON knowledge_chunks USING "
                  + index);
    const IndexSurvey survey = keeper.keeper.survey();
    REQUIRE(survey.indexes.size() == 1);
    return survey;
  };
  const IndexSurvey usual = survey_of("hnsw (embedding vector_l2_ops)");
  const std::uint64_t usual_bytes = usual.indexes[0].bytes_per_row;
  CHECK(usual.indexes[0].needed_bytes == 0);
  const IndexSurvey large =
      survey_of("hnsw (embedding vector_l2_ops) WITH (m = 32, ef_construction = 128)");
  CHECK(large.seconds_per_row > 3.9 * usual.seconds_per_row);
  CHECK(large.indexes[0].bytes_per_row == usual_bytes + 16 * 32);
  CHECK(large.rows_in_memory < usual.rows_in_memory);
  const IndexSurvey half = survey_of("hnsw ((embedding::halfvec(3)) halfvec_l2_ops)");
  CHECK(half.seconds_per_row < usual.seconds_per_row);
  CHECK(half.indexes[0].bytes_per_row == usual_bytes - 6);
  const IndexSurvey bits = survey_of("hnsw ((binary_quantize(embedding)::bit(3)) bit_hamming_ops)");
  CHECK(bits.indexes[0].bytes_per_row == usual_bytes - 12);

  const IndexSurvey lists = survey_of("ivfflat (embedding vector_l2_ops)");
  CHECK(lists.seconds_per_row < usual.seconds_per_row / 10);
  CHECK(lists.build_speed < usual.build_speed);
  CHECK(lists.indexes[0].bytes_per_row == 0);
  CHECK(lists.indexes[0].needed_bytes > 10'000 * 20);
  const IndexSurvey many = survey_of("ivfflat (embedding vector_l2_ops) WITH (lists = 1000)");
  CHECK(many.seconds_per_row > 9 * lists.seconds_per_row);
  CHECK(many.indexes[0].needed_bytes > 50'000 * 20 + 50'000 * 1000 * 4);

  // Of several, a row is written into each.
  database.exec("CREATE INDEX ON knowledge_chunks USING hnsw (embedding vector_ip_ops)");
  const IndexSurvey both = keeper.keeper.survey();
  CHECK(both.seconds_per_row > many.seconds_per_row + 0.9 * usual.seconds_per_row);
  CHECK(both.build_speed == lists.build_speed);
  CHECK(both.rows_in_memory == usual.rows_in_memory);
}

TEST_CASE("a build tells how far the server is", "[pg][index]") {
  const TestDatabase database;
  make_tables(database);
  fill(database, 60);
  database.exec(k_hnsw);
  Keeper keeper(database.url());
  VectorIndex index = keeper.drop().front();
  database.exec("CREATE FUNCTION slow(vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE AS"
                " $$ BEGIN PERFORM pg_sleep(0.02); RETURN $1; END $$");
  index.definition = "CREATE INDEX nearest ON public.knowledge_chunks USING hnsw"
                     " ((public.slow(embedding)::public.vector(3)) public.vector_cosine_ops)";
  keeper.clock.on_sleep = [] { std::this_thread::sleep_for(std::chrono::milliseconds(5)); };
  CHECK(keeper.keeper.build(index) == Rebuilt::built);
  const auto done = keeper.progress.rows_done.at(static_cast<std::size_t>(Phase::index));
  CHECK(done > 0);
  CHECK(done <= 60);
}

TEST_CASE("what this user could not build again is not dropped", "[pg][index]") {
  const TestDatabase database;
  make_tables(database);
  database.exec(k_hnsw);
  const auto obstacles = [&](const std::string& url) {
    Keeper keeper(url);
    CHECK_THROWS_AS(keeper.drop(), Error);
    REQUIRE(keeper.keeper.survey().indexes.size() == 1);
    const auto found = keeper.keeper.survey().obstacles;
    REQUIRE(found.size() == 1);
    return found.front();
  };
  // The database's name makes the roles' names those of this test alone.
  const std::string user = "reader_" + database.value("SELECT current_database()");
  database.exec(
      "CREATE ROLE " + user
      + " LOGIN; GRANT SELECT (embedding), UPDATE (embedding)"
        " ON knowledge_chunks TO "
      + user);
  CHECK(
      obstacles(database.url_for(user))
      == "index public.nearest belongs to a table of another owner");
  database.exec("ALTER TABLE knowledge_chunks OWNER TO " + user);
  database.exec("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
  CHECK(
      obstacles(database.url_for(user))
      == "index public.nearest is in a schema where this user may create nothing");
  database.exec("GRANT CREATE ON SCHEMA public TO " + user);
  database.exec("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'nearest'::regclass");
  CHECK_THAT(obstacles(database.url_for(user)), ContainsSubstring("is not valid"));
  database.exec("UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'nearest'::regclass");

  const auto before = indexes_of(database);
  Keeper owner(database.url_for(user));
  for (const VectorIndex& index : owner.drop())
    CHECK(owner.keeper.build(index) == Rebuilt::built);
  CHECK(indexes_of(database) == before);
  database.exec("DROP OWNED BY " + user + "; DROP ROLE " + user);
}

TEST_CASE("a table in use is not waited for, and its users are named", "[pg][index]") {
  const TestDatabase database;
  make_tables(database);
  database.exec(k_hnsw);
  const auto before = indexes_of(database);
  Connection other(Secret(database.url() + " application_name=report"));
  other.run("BEGIN; SELECT count(*) FROM knowledge_chunks", "");
  Keeper keeper(database.url());
  bool recorded = false;
  const Error error = error_of([&] { keeper.keeper.drop([&](const auto&) { recorded = true; }); });
  CHECK(error.kind() == ErrorKind::locked);
  CHECK_THAT(error.what(), ContainsSubstring("of user postgres (report, idle in transaction)"));
  CHECK_THAT(error.hint(), ContainsSubstring("nothing was dropped"));
  CHECK_FALSE(recorded);
  CHECK(indexes_of(database) == before);
}

TEST_CASE("an index is not dropped if it could not be recorded", "[pg][index]") {
  const TestDatabase database;
  make_tables(database);
  database.exec(k_hnsw);
  const auto before = indexes_of(database);
  Keeper keeper(database.url());
  const auto fail = [](const auto&) { throw Error(ErrorKind::io, "disk full"); };
  CHECK_THROWS_AS(keeper.keeper.drop(fail), Error);
  CHECK(indexes_of(database) == before);
}

// As when the client was killed between its COMMIT and the answer.
TEST_CASE("a drop that is still under way is waited for before a look", "[pg][index]") {
  const TestDatabase database;
  make_tables(database);
  fill(database, 5);
  database.exec(k_hnsw);
  const auto before = indexes_of(database);
  Keeper keeper(database.url(), std::chrono::seconds(20));
  const VectorIndex index = keeper.keeper.survey().indexes.front();
  Connection dying(Secret(database.url()));
  dying.run("BEGIN; LOCK TABLE knowledge_chunks IN ACCESS EXCLUSIVE MODE", "");
  auto building = std::async(std::launch::async, [&] { return keeper.keeper.build(index); });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  dying.run("DROP INDEX nearest; COMMIT", "");
  CHECK(building.get() == Rebuilt::built);
  CHECK(indexes_of(database) == before);
}

TEST_CASE("what stands in the place of a missing index decides what is done", "[pg][index]") {
  const TestDatabase database;
  make_tables(database);
  fill(database, 5);
  database.exec(k_hnsw);
  const auto before = indexes_of(database);
  Keeper keeper(database.url());
  const VectorIndex index = keeper.drop().front();

  SECTION("the same index, made by hand") {
    database.exec(k_hnsw);
    CHECK(keeper.keeper.build(index) == Rebuilt::found);
    CHECK(indexes_of(database) == before);
  }
  SECTION("the same index, of a build that was cut short") {
    database.exec(k_hnsw);
    database.exec("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'nearest'::regclass");
    CHECK(keeper.keeper.build(index) == Rebuilt::built);
    CHECK(indexes_of(database) == before);
  }
  SECTION("another index of its name") {
    database.exec("CREATE INDEX nearest ON knowledge_chunks (content)");
    const auto theirs = indexes_of(database);
    const Error error = error_of([&] { keeper.keeper.build(index); });
    CHECK(error.kind() == ErrorKind::database);
    CHECK_THAT(error.what(), ContainsSubstring("public.nearest"));
    CHECK_THAT(error.hint(), ContainsSubstring("indexes.json"));
    CHECK(indexes_of(database) == theirs);
  }
  SECTION("a table of its name") {
    database.exec("CREATE TABLE nearest (id int)");
    CHECK(error_of([&] { keeper.keeper.build(index); }).kind() == ErrorKind::database);
  }
  SECTION("nothing, as its table is gone") {
    database.exec("DROP TABLE knowledge_chunks");
    CHECK(keeper.keeper.build(index) == Rebuilt::table_gone);
  }
  SECTION("nothing, as its table has another name") {
    database.exec("ALTER TABLE knowledge_chunks RENAME TO chunks");
    const Error error = error_of([&] { keeper.keeper.build(index); });
    CHECK_THAT(error.what(), ContainsSubstring("is now called public.chunks"));
  }
  SECTION("nothing, and somebody writes to the table") {
    Connection writer(Secret(database.url()));
    writer.run("BEGIN; UPDATE knowledge_chunks SET content = 'x'", "");
    CHECK(error_of([&] { keeper.keeper.build(index); }).kind() == ErrorKind::unreachable);
    writer.run("COMMIT", "");
    CHECK(keeper.keeper.build(index) == Rebuilt::built);
    CHECK(indexes_of(database) == before);
  }
}

TEST_CASE("a build that is stopped leaves nothing behind", "[pg][index]") {
  const TestDatabase database;
  make_tables(database);
  fill(database, 5);
  database.exec(k_hnsw);
  Keeper keeper(database.url());
  const VectorIndex index = keeper.drop().front();
  database.exec("CREATE FUNCTION slow(vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE AS"
                " $$ BEGIN PERFORM pg_sleep(30); RETURN $1; END $$");
  VectorIndex slow = index;
  slow.definition = "CREATE INDEX nearest ON public.knowledge_chunks USING hnsw"
                    " ((public.slow(embedding)::public.vector(3)) public.vector_cosine_ops)";
  keeper.clock.on_sleep = [&] {
    if (keeper.clock.sleeps == 100)
      throw Error(ErrorKind::interrupted, "stopped");
  };
  CHECK(error_of([&] { keeper.keeper.build(slow); }).kind() == ErrorKind::interrupted);
  keeper.clock.on_sleep = {};
  Keeper patient(database.url(), std::chrono::seconds(20));
  CHECK(patient.keeper.build(index) == Rebuilt::built);
}

TEST_CASE("a server with too little shared memory builds in one process", "[pg][index]") {
  const TestDatabase database;
  make_tables(database);
  fill(database, 20);
  database.exec(k_hnsw);
  const auto before = indexes_of(database);
  // More than any machine has: workers would have to share it, and one process takes what it needs.
  database.exec("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET maintenance_work_mem = %L',"
                " current_database(), '1TB'); END $$");
  Keeper keeper(database.url());
  CHECK(keeper.keeper.build(keeper.drop().front()) == Rebuilt::built);
  CHECK(indexes_of(database) == before);
  REQUIRE(keeper.progress.notes.size() == 1);
  CHECK_THAT(keeper.progress.notes.front(), ContainsSubstring("in one process"));
}
