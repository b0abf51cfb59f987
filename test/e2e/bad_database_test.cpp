#include "e2e/world.hpp"
#include "support/catch.hpp"
#include "support/standby.hpp"

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

TEST_CASE("a role that may create no temporary table is told what to grant", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  world.database().exec(
      "DROP ROLE IF EXISTS embedctl_no_temp; CREATE ROLE embedctl_no_temp LOGIN;"
      "GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO embedctl_no_temp;"
      "DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());"
      " END $$");
  const Variables as_role = {{"DATABASE_URL", world.database().url_for("embedctl_no_temp")}};
  CHECK(world.run({"submit", "--family-id", family(1)}, as_role).exit_code == 0);
  world.add_chunks(1, 4, 3);
  const Outcome outcome = world.run({"submit", "--family-id", family(1)}, as_role);
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.err, ContainsSubstring("GRANT TEMPORARY ON DATABASE"));
  CHECK_THAT(outcome.err, ContainsSubstring("TO embedctl_no_temp"));
  CHECK(world.sandbox().batch_ids().size() == 1);
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

TEST_CASE("nothing is sent from a standby, which may lag; a dry run reads it", "[e2e]") {
  const World world(k_at_once);
  world.add_chunks(1, 1, 3);
  const auto standby = test::Standby::of(world.database());
  if (!standby) {
    WARN("not the private server: not tested");
    return;
  }
  CHECK(world.run({"run", "--family-id", family(1), "--poll-seconds", "1"}).exit_code == 0);
  const Variables there = {{"DATABASE_URL", standby->url()}};
  const Outcome dry_run = world.run({"submit", "--family-id", family(1), "--dry-run"}, there);
  INFO(dry_run.err);
  CHECK(dry_run.exit_code == 0);
  CHECK_THAT(dry_run.out, ContainsSubstring("3 rows in 1 batch"));
  for (const char* verb : {"submit", "run"}) {
    const Outcome outcome = world.run({verb, "--family-id", family(1)}, there);
    INFO(outcome.out << outcome.err);
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(
        outcome.err, ContainsSubstring("this database is a standby, which may lag behind")
                         && ContainsSubstring("hint: set DATABASE_URL to the primary"));
  }
  CHECK(world.sandbox().billed("requests") == 3);
}

TEST_CASE("nothing is sent in a read-only session; a dry run works", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  const std::string dry_run = world.submit(1, {"--dry-run"});
  const Variables read_only = {
      {"DATABASE_URL",
       world.database().url() + " options='-cdefault_transaction_read_only=on'"}};
  CHECK(world.run({"submit", "--family-id", family(1), "--dry-run"}, read_only).exit_code == 0);
  for (const Arguments& arguments :
       {Arguments{"submit", "--family-id", family(1)}, Arguments{"run", "--family-id", family(1)},
        Arguments{"run", "--run-dir", dry_run}, Arguments{"submit", "--run-dir", dry_run}}) {
    const Outcome outcome = world.run(arguments, read_only);
    INFO(outcome.out << outcome.err);
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.err, ContainsSubstring("this session is read-only"));
  }
  CHECK(world.sandbox().batch_ids().empty());
}

TEST_CASE("a generated column is refused by name before anything is sent", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  world.database().exec("ALTER TABLE knowledge_chunks DROP embedding, ADD embedding vector(1536)"
                        " GENERATED ALWAYS AS (NULL) STORED");
  check_refused(world, "column \"embedding\" of \"knowledge_chunks\" cannot be updated: it is a"
                       " generated column", "DROP EXPRESSION");
  CHECK(world.sandbox().batch_ids().empty());
}

TEST_CASE("a rule that takes the place of the update is refused before anything is sent", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  world.database().exec(
      "CREATE RULE keep AS ON UPDATE TO knowledge_chunks DO INSTEAD NOTHING");
  check_refused(world, "cannot check that the answers can be written", "rules");
  CHECK(world.sandbox().batch_ids().empty());
}

TEST_CASE("a policy against updates is found before anything is sent", "[e2e]") {
  for (const char* policy :
       {"CREATE POLICY see ON knowledge_chunks FOR SELECT USING (true)",
        "CREATE POLICY see ON knowledge_chunks FOR SELECT USING (true);"
        "CREATE POLICY change ON knowledge_chunks FOR UPDATE USING (false)",
        "CREATE POLICY see ON knowledge_chunks FOR SELECT USING (true);"
        "CREATE POLICY change ON knowledge_chunks FOR UPDATE USING (true)"
        " WITH CHECK (embedding IS NULL)"}) {
    INFO(policy);
    const World world;
    world.add_chunks(1, 1, 3);
    const std::string role = "limited_" + world.database().value("SELECT current_database()");
    world.database().exec(fmt::format(
        "CREATE ROLE {0} LOGIN; GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO {0};"
        "ALTER TABLE knowledge_chunks ENABLE ROW LEVEL SECURITY; {1}",
        role, policy));
    const Variables as_role = {{"DATABASE_URL", world.database().url_for(role)}};
    const Outcome outcome = world.run({"run", "--family-id", family(1)}, as_role);
    INFO(outcome.out << outcome.err);
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(
        outcome.err,
        ContainsSubstring("row-level security does not let this role update column \"embedding\""));
    CHECK(world.sandbox().batch_ids().empty());
    world.database().exec("CREATE POLICY all_of_it ON knowledge_chunks FOR UPDATE USING (true)");
    CHECK(world.run({"submit", "--family-id", family(1)}, as_role).exit_code == 0);
    CHECK(world.count("embedding IS NOT NULL") == 0); // the probe leaves nothing
    world.database().exec(fmt::format("DROP OWNED BY {0}; DROP ROLE {0}", role));
  }
}

} // namespace embedctl::e2e
