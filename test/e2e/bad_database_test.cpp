#include "e2e/world.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

// Databases that cannot take part are refused by name, with a hint, and are left as they are.

namespace embedctl::e2e {

namespace {

void check_refused(
    const World& world,
    const std::string& message,
    const std::string& hint,
    const Arguments& more) {
  for (const char* verb : {"submit", "run"}) {
    Arguments arguments = {verb, "--family-id", family(1)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = world.run(arguments);
    INFO(outcome.out << outcome.err);
    CHECK(outcome.exit_code == 1);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, ContainsSubstring(message));
    CHECK_THAT(outcome.err, ContainsSubstring("hint: "));
    CHECK_THAT(outcome.err, ContainsSubstring(hint));
    CHECK_FALSE(fs::exists(world.folder() / "batches"));
  }
}

void check_refused(const World& world, const std::string& message, const std::string& hint) {
  check_refused(world, message, hint, {});
}

} // namespace

TEST_CASE("missing tables and columns are named", "[e2e]") {
  const World world;
  world.database().exec("ALTER TABLE knowledge_chunks RENAME content TO body");
  check_refused(world, "has no column \"content\"", "body");
  world.database().exec("ALTER TABLE knowledge_chunks RENAME TO chunks");
  check_refused(world, "there is no table \"knowledge_chunks\"", "DATABASE_URL");
}

TEST_CASE("a database without pgvector is told how to get it", "[e2e]") {
  const World world;
  world.database().exec("DROP EXTENSION vector CASCADE;"
                        "ALTER TABLE knowledge_chunks ADD embedding real[]");
  check_refused(world, "pgvector is not installed in this database", "CREATE EXTENSION vector");
}

TEST_CASE("a column of another width or type is refused by name", "[e2e]") {
  const World world;
  check_refused(world, "vector(1536)", "--dims 1536", {"--dims", "512"});
  world.database().exec("ALTER TABLE knowledge_chunks DROP embedding, ADD embedding real[]");
  check_refused(world, "of type real[]", "vector or halfvec");
}

TEST_CASE("the width given to ingest must be the run's", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  const Outcome outcome = world.run({"ingest", "--run-dir", run_dir, "--dims", "512"});
  CHECK(outcome.exit_code == 2);
  CHECK_THAT(outcome.err, ContainsSubstring("1536"));
  CHECK(world.count("embedding IS NOT NULL") == 0);
}

TEST_CASE("a column that changed its width since is refused, and the results stay", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  world.database().exec("ALTER TABLE knowledge_chunks ALTER embedding TYPE vector(512)");
  const Outcome outcome = world.run({"ingest", "--run-dir", run_dir});
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.err, ContainsSubstring("vector(512)"));
  world.database().exec("ALTER TABLE knowledge_chunks ALTER embedding TYPE vector(1536)");
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.wrong_vectors() == 0);
}

TEST_CASE("a run goes into no other database than its own", "[e2e]") {
  const World world;
  const World other;
  world.add_chunks(1, 1, 3);
  other.add_chunks(1, 1, 3);
  const std::string run_dir = world.submit(1);
  const std::string dry_run = world.submit(1, {"--dry-run", "--batches-dir", "elsewhere"});
  world.let_pass();
  const Variables there = {{"DATABASE_URL", other.database().url()}};
  for (const Arguments& arguments :
       {Arguments{"ingest", "--run-dir", run_dir}, Arguments{"run", "--run-dir", run_dir},
        Arguments{"submit", "--run-dir", dry_run}}) {
    const Outcome outcome = world.run(arguments, there);
    INFO(outcome.err);
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.err, ContainsSubstring("this run belongs to database"));
    CHECK_THAT(outcome.err, ContainsSubstring("hint: set DATABASE_URL"));
  }
  CHECK(other.count("embedding IS NOT NULL") == 0);
  CHECK(world.sandbox().batch_ids().size() == 1);
}

TEST_CASE("rows of the same keys in another database need another folder of runs", "[e2e]") {
  const World world;
  const World other;
  world.add_chunks(1, 1, 3);
  other.add_chunks(1, 1, 3);
  world.submit(1);
  const Outcome outcome = world.run(
      {"submit", "--family-id", family(1), "--json", "--batches-dir", "other"},
      {{"DATABASE_URL", other.database().url()}});
  CHECK(Json(outcome.out).number("rows_selected") == 3);
}

TEST_CASE("a user without the right to update is told so before anything is paid", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  world.database().exec("DROP ROLE IF EXISTS embedctl_reader; CREATE ROLE embedctl_reader LOGIN;"
                        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO embedctl_reader");
  const Outcome outcome = world.run(
      {"submit", "--family-id", family(1)},
      {{"DATABASE_URL", world.database().url_for("embedctl_reader")}});
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.err, ContainsSubstring("no permission to update"));
  CHECK_THAT(outcome.err, ContainsSubstring("GRANT UPDATE"));
  CHECK(world.sandbox().batch_ids().empty());
}

} // namespace embedctl::e2e
