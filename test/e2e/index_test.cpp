#include "e2e/world.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <csignal>
#include <thread>

#include <fmt/format.h>

namespace embedctl::e2e {

namespace {

// A family with a run that has ended, and an index on the column.
struct IndexedWorld : World {
  explicit IndexedWorld(int rows) {
    database().exec(
        "CREATE INDEX nearest ON knowledge_chunks USING hnsw (embedding vector_cosine_ops)"
        " WITH (m = 4, ef_construction = 8); COMMENT ON INDEX nearest IS 'for the search'");
    before = index();
    add_chunks(1, 1, rows);
    run_dir = submit(1);
    let_pass();
  }

  std::vector<std::vector<std::string>> index() const {
    return database().rows(
        "SELECT pg_get_indexdef(indexrelid), indisvalid, obj_description(indexrelid) FROM pg_index"
        " WHERE indexrelid = to_regclass('nearest')");
  }

  // May be asked while the index is being dropped, which its definition may not.
  bool has_index() const {
    return database().value("SELECT to_regclass('nearest') IS NOT NULL") == "t";
  }

  Outcome ingest(const Arguments& more = {}) const {
    Arguments arguments = {"ingest", "--run-dir", run_dir};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }

  std::vector<std::vector<std::string>> before;
  std::string run_dir;
};

// Lets every write of a row wait, or fail.
void trip_writes(const World& world, const std::string& what) {
  world.database().exec(fmt::format(
      "CREATE OR REPLACE FUNCTION trip() RETURNS trigger LANGUAGE plpgsql AS"
      " $$ BEGIN {}; RETURN NEW; END $$;"
      "CREATE OR REPLACE TRIGGER trip BEFORE UPDATE ON knowledge_chunks FOR EACH ROW"
      " EXECUTE FUNCTION trip()",
      what));
}

} // namespace

TEST_CASE("--index rebuild drops the index for the writing and builds it again", "[e2e][index]") {
  const IndexedWorld world(20);
  trip_writes(
      world, "IF to_regclass('nearest') IS NOT NULL THEN RAISE 'the index is there'; END IF");
  const Outcome outcome = world.ingest({"--index", "rebuild"});
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(world.index() == world.before);
  CHECK(world.wrong_vectors() == 0);
  CHECK_FALSE(fs::exists(fs::path(world.run_dir) / "indexes.json"));
  const Outcome status = world.run({"status", "--run-dir", world.run_dir, "--json"});
  CHECK(Json(status.out).size("missing_indexes") == 0);
}

TEST_CASE("by default the index stays", "[e2e][index]") {
  const IndexedWorld world(20);
  trip_writes(world, "IF to_regclass('nearest') IS NULL THEN RAISE 'the index is gone'; END IF");
  const Outcome outcome = world.ingest({"-v"});
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.err, ContainsSubstring("public.nearest"));
  CHECK_THAT(outcome.err, ContainsSubstring("--index rebuild"));
  CHECK(world.index() == world.before);
}

TEST_CASE(
    "an ingest that is stopped leaves the index to the next, and status shouts", "[e2e][index]") {
  const IndexedWorld world(20);
  trip_writes(world, "PERFORM pg_sleep(0.2)");
  const auto ingest = world.start(
      {"ingest", "--run-dir", world.run_dir, "--index", "rebuild", "--update-chunk-size", "1"});
  while (world.count("embedding IS NOT NULL") == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ingest->signal(SIGINT);
  const Outcome stopped = ingest->wait();
  CHECK(stopped.exit_code == 130);
  CHECK_THAT(stopped.err, ContainsSubstring("public.nearest was dropped"));
  CHECK_THAT(stopped.err, ContainsSubstring("embedctl ingest --run-dir"));
  CHECK(world.index().empty());

  const Outcome status = world.run({"status", "--run-dir", world.run_dir});
  CHECK(status.exit_code == 0);
  CHECK_THAT(status.out, ContainsSubstring("index  IS MISSING: public.nearest"));
  CHECK(world.run({"status", "--run-dir", world.run_dir, "--exit-code"}).exit_code == 4);
  const Outcome json = world.run({"status", "--run-dir", world.run_dir, "--json"});
  CHECK(Json(json.out).text("missing_indexes.0.name") == "public.nearest");
  CHECK_THAT(
      Json(json.out).text("missing_indexes.0.definition"),
      StartsWith("CREATE INDEX nearest ON public.knowledge_chunks USING hnsw"));

  trip_writes(world, "NULL");
  CHECK(world.ingest().exit_code == 0);
  CHECK(world.index() == world.before);
  CHECK(world.wrong_vectors() == 0);
  CHECK_FALSE(fs::exists(fs::path(world.run_dir) / "indexes.json"));
}

TEST_CASE("run --family-id builds what an earlier run left missing", "[e2e][index]") {
  const IndexedWorld world(4);
  trip_writes(world, "PERFORM pg_sleep(5)");
  const auto ingest = world.start({"ingest", "--run-dir", world.run_dir, "--index", "rebuild"});
  while (!fs::exists(fs::path(world.run_dir) / "indexes.json") || world.has_index())
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ingest->signal(SIGKILL);
  ingest->wait();
  trip_writes(world, "NULL");
  const Outcome outcome =
      world.run({"run", "--family-id", family(1), "--poll-seconds", "1", "--index", "auto"});
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(world.index() == world.before);
  CHECK(world.wrong_vectors() == 0);
}

TEST_CASE("a rebuild that cannot have the table says who has it", "[e2e][index]") {
  const IndexedWorld world(4);
  world.database().exec("BEGIN; SELECT count(*) FROM knowledge_chunks");
  const Outcome outcome = world.ingest({"--index", "rebuild"});
  CHECK(outcome.exit_code == 5);
  CHECK_THAT(outcome.err, ContainsSubstring("idle in transaction"));
  world.database().exec("ROLLBACK");
  CHECK(world.index() == world.before);
  CHECK(world.count("embedding IS NOT NULL") == 0);
  CHECK(world.ingest().exit_code == 0);
}

TEST_CASE("another definition under the name is for a person to decide about", "[e2e][index]") {
  const IndexedWorld world(4);
  trip_writes(world, "PERFORM pg_sleep(5)");
  const auto ingest = world.start({"ingest", "--run-dir", world.run_dir, "--index", "rebuild"});
  while (!fs::exists(fs::path(world.run_dir) / "indexes.json") || world.has_index())
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ingest->signal(SIGKILL);
  ingest->wait();
  trip_writes(world, "NULL");
  world.database().exec("CREATE INDEX nearest ON knowledge_chunks (content)");
  const Outcome refused = world.ingest();
  CHECK(refused.exit_code == 1);
  CHECK_THAT(refused.err, ContainsSubstring("public.nearest"));
  CHECK_THAT(refused.err, ContainsSubstring("indexes.json"));
  CHECK(world.count("embedding IS NOT NULL") == 4);
  world.database().exec("DROP INDEX nearest");
  CHECK(world.ingest().exit_code == 0);
  CHECK(world.index() == world.before);
}

} // namespace embedctl::e2e
