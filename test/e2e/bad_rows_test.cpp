#include "e2e/world.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <csignal>
#include <thread>

#include <fmt/format.h>

// Rows that the database refuses, hides, changes or has locked hold up no other row, and what was
// billed is neither lost nor billed again.

namespace embedctl::e2e {

namespace {

using namespace std::chrono_literals;

std::string trigger(const std::string& body, const char* when = "BEFORE UPDATE") {
  return fmt::format(
      "CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} RETURN NEW; END $$;"
      "CREATE TRIGGER act {} ON knowledge_chunks FOR EACH ROW EXECUTE FUNCTION act()",
      body, when);
}

std::string failed_list(const std::string& run_dir) {
  return content_of(batch_folder(run_dir) / "failed_chunk_ids.tsv");
}

// In a session of its own name, which keeps its locks until it is destroyed.
class Locker {
public:
  Locker(const World& world, const std::string& statement)
      : m_database(world.database()),
        m_process({{"/usr/bin/psql", "-qX", world.database().url(), "-c",
                    "SET application_name = 'editor'", "-c",
                    fmt::format("BEGIN; {}; SELECT pg_sleep(600)", statement)},
                   {{"PATH", "/usr/bin:/bin"}},
                   "."}) {
    while (world.database().value("SELECT count(*) FROM pg_stat_activity WHERE datname ="
                                  " current_database() AND wait_event = 'PgSleep'")
           == "0")
      std::this_thread::sleep_for(10ms);
  }

  ~Locker() {
    m_database.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND application_name = 'editor'");
  }
  Locker(const Locker&) = delete;
  Locker& operator=(const Locker&) = delete;

private:
  const test::TestDatabase& m_database;
  test::Process m_process;
};

void wait_for(const test::Process& process, std::string_view text) {
  for (int i = 0; i < 1000 && process.err().find(text) == std::string::npos; ++i)
    std::this_thread::sleep_for(10ms);
  INFO(process.err());
  REQUIRE(process.err().find(text) != std::string::npos);
}

std::string lock_row(int n) {
  return fmt::format("SELECT FROM knowledge_chunks WHERE id = '{}' FOR UPDATE", chunk(n));
}

} // namespace

TEST_CASE("a trigger that takes the vector away again does not count as written", "[e2e]") {
  for (const char* when : {"BEFORE UPDATE", "AFTER UPDATE"}) {
    const World world;
    world.add_chunks(1, 1, 20);
    const std::string run_dir = world.submit(1);
    world.let_pass();
    const std::string one = fmt::format("NEW.id = '{}' AND NEW.embedding IS NOT NULL", chunk(7));
    world.database().exec(trigger(
        std::string_view(when) == "BEFORE UPDATE"
            ? fmt::format("IF {} THEN NEW.embedding = NULL; END IF;", one)
            : fmt::format(
                "IF {} THEN UPDATE knowledge_chunks SET embedding = NULL WHERE id = NEW.id; END IF;",
                one),
        when));
    const Outcome outcome = world.run({"ingest", "--run-dir", run_dir});
    INFO(outcome.out << outcome.err);
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.out, ContainsSubstring("19 written"));
    CHECK_THAT(failed_list(run_dir), ContainsSubstring(chunk(7) + "\tnot_updated\t"));
    CHECK(world.count("embedding IS NOT NULL") == 19);
    CHECK(world.run({"verify", "--run-dir", run_dir}).exit_code == 0);
  }
}

TEST_CASE("a trigger that takes all vectors away blocks the run, and nothing is billed again", "[e2e]") {
  for (const int rows : {3, 20}) {
    const World world(k_at_once);
    world.add_chunks(1, 1, rows);
    world.database().exec(trigger("NEW.embedding = NULL;"));
    for (int i = 0; i < 3; ++i) {
      const Outcome outcome =
          world.run({"run", "--once", "--poll-seconds", "1", "--family-id", family(1)});
      INFO(outcome.out << outcome.err);
      if (i == 0 && outcome.exit_code == 4)
        continue; // the batch had not ended yet
      CHECK(outcome.exit_code == 1);
      CHECK_THAT(outcome.err, ContainsSubstring("does not hold the vector after the update"));
      CHECK_THAT(outcome.err, ContainsSubstring("hint: mend the table"));
    }
    CHECK(world.sandbox().billed("requests") == rows);
    world.database().exec("DROP TRIGGER act ON knowledge_chunks");
    const Outcome outcome = world.run({"run", "--family-id", family(1), "--poll-seconds", "1"});
    INFO(outcome.out << outcome.err);
    CHECK(outcome.exit_code == 0);
    CHECK(world.wrong_vectors() == 0);
    CHECK(world.count("embedding IS NULL") == 0);
    CHECK(world.sandbox().billed("requests") == rows);
  }
}

TEST_CASE("a row that the database refuses is named, and the others are written", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 30);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  world.database().exec(fmt::format(
      "ALTER TABLE knowledge_chunks ADD CONSTRAINT no_nine CHECK (id <> '{}' OR embedding IS NULL);",
      chunk(9)));
  world.database().exec(trigger(fmt::format(
      "IF NEW.id = '{}' THEN RAISE EXCEPTION 'cannot take %', NEW.content; END IF;", chunk(5))));
  const Outcome outcome = world.run({"ingest", "--run-dir", run_dir, "-v"});
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 3);
  CHECK_THAT(outcome.out + outcome.err, !ContainsSubstring("pump"));
  CHECK_THAT(
      failed_list(run_dir),
      ContainsSubstring(chunk(5) + "\tnot_updated\traise_exception (SQLSTATE P0001)")
          && ContainsSubstring(chunk(9) + "\tnot_updated\tcheck_violation (SQLSTATE 23514),"
                                          " constraint \"no_nine\"")
          && !ContainsSubstring("pump"));
  CHECK(world.count("embedding IS NOT NULL") == 28);

  world.database().exec("DROP TRIGGER act ON knowledge_chunks");
  CHECK(world.run({"ingest", "--run-dir", run_dir, "--apply-again"}).exit_code == 3);
  world.database().exec("ALTER TABLE knowledge_chunks DROP CONSTRAINT no_nine");
  CHECK(world.run({"ingest", "--run-dir", run_dir, "--apply-again"}).exit_code == 0);
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK(world.wrong_vectors() == 0);
  CHECK(world.sandbox().billed("requests") == 30);
}

TEST_CASE("an error that quotes a row is told without it", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 20);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  world.database().exec(trigger("PERFORM NEW.content::uuid;"));
  const Outcome outcome = world.run({"ingest", "--run-dir", run_dir, "-v"});
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.err, ContainsSubstring("invalid_text_representation (SQLSTATE 22P02)"));
  CHECK_THAT(outcome.out + outcome.err, !ContainsSubstring("pump"));
  for (const auto& [name, content] : files_below(batch_folder(run_dir)))
    if (name != "input.jsonl")
      CHECK_THAT(content, !ContainsSubstring("pump"));
}

TEST_CASE("a locked row is left for later and its holder named; --once leaves its batch", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 20);
  const std::string run_dir = world.submit(1, {"--max-requests-per-batch", "10"});
  world.let_pass();
  const Locker locker(world, lock_row(3));
  const Outcome outcome = world.run({"run", "--once", "--run-dir", run_dir});
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 4);
  CHECK_THAT(
      outcome.err,
      ContainsSubstring("a row is locked by another session and left for later: pid ")
          && ContainsSubstring("(editor)"));
  CHECK(world.count("embedding IS NOT NULL") == 19);
  CHECK(Json(content_of(batch_folder(run_dir, 1) / "batch.json")).text("state") == "downloaded");
  CHECK(Json(content_of(batch_folder(run_dir, 2) / "batch.json")).text("state") == "archived");
}

TEST_CASE("ingest waits for a locked row until it is free", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 20);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  auto locker = std::make_unique<Locker>(world, lock_row(3));
  const auto ingest = world.start({"ingest", "--run-dir", run_dir});
  wait_for(*ingest, "is locked by another session");
  CHECK(world.count("embedding IS NOT NULL") == 19);
  CHECK_FALSE(ingest->has_ended());
  locker.reset();
  CHECK(ingest->wait().exit_code == 0);
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK(world.wrong_vectors() == 0);
}

TEST_CASE("a wait for a lock of a row or of the table is named and ends within a second", "[e2e]") {
  for (const std::string& lock :
       {lock_row(3), std::string("LOCK TABLE knowledge_chunks IN ACCESS EXCLUSIVE MODE")}) {
    const World world;
    world.add_chunks(1, 1, 20);
    const std::string run_dir = world.submit(1);
    world.let_pass();
    const Locker locker(world, lock);
    for (const auto& [signal, exit_code] : {std::pair{SIGTERM, 143}, std::pair{SIGINT, 130}}) {
      const auto ingest = world.start({"ingest", "--run-dir", run_dir});
      wait_for(*ingest, "(editor)");
      ingest->signal(signal);
      const auto start = std::chrono::steady_clock::now();
      CHECK(ingest->wait().exit_code == exit_code);
      CHECK(std::chrono::steady_clock::now() - start < 1s);
    }
  }
}

TEST_CASE("a selection that waits for a lock names its holder and can be stopped", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  const Locker locker(world, "LOCK TABLE knowledge_chunks IN ACCESS EXCLUSIVE MODE");
  const auto submit = world.start({"submit", "--family-id", family(1)});
  wait_for(*submit, "waiting for a lock that is held by pid ");
  submit->signal(SIGTERM);
  CHECK(submit->wait(5s).exit_code == 143);
  const Outcome outcome =
      world.run({"submit", "--family-id", family(1), "--retry-timeout", "1"});
  CHECK(outcome.exit_code == 6);
  CHECK_THAT(outcome.err, ContainsSubstring("the lock is held by pid "));
  CHECK(world.sandbox().batch_ids().empty());
}

TEST_CASE("a run in another schema than its own is refused by name", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  world.database().exec(
      "CREATE SCHEMA other; CREATE TABLE other.knowledge_chunks (LIKE knowledge_chunks);"
      "CREATE TABLE other.equipment_families AS TABLE equipment_families");
  const Variables there = {
      {"DATABASE_URL",
       world.database().url() + " options='-csearch_path=other,public'"}};
  for (const char* verb : {"ingest", "run"}) {
    const Outcome outcome = world.run({verb, "--run-dir", run_dir}, there);
    INFO(outcome.out << outcome.err);
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(
        outcome.err, ContainsSubstring("belongs to table public.knowledge_chunks")
                         && ContainsSubstring("other.knowledge_chunks")
                         && ContainsSubstring("search_path"));
  }
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.wrong_vectors() == 0);
}

TEST_CASE("a run none of whose rows is there is settled only if a person says so", "[e2e]") {
  const World world(k_at_once);
  world.add_chunks(1, 1, 6);
  const std::string run_dir = world.submit(1, {"--max-requests-per-batch", "3"});
  world.database().exec("CREATE TABLE kept AS TABLE knowledge_chunks; DELETE FROM knowledge_chunks");
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = world.run({"run", "--run-dir", run_dir, "--poll-seconds", "1"});
    INFO(outcome.out << outcome.err);
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(
        outcome.err, ContainsSubstring("all 3 rows of batch 001 are missing in the table")
                         && ContainsSubstring("search_path")
                         && ContainsSubstring("--accept-missing-rows"));
  }
  // One batch with a row that is there shows that it is the table.
  world.database().exec(
      fmt::format("INSERT INTO knowledge_chunks SELECT * FROM kept WHERE id = '{}'", chunk(6)));
  const Outcome outcome = world.run({"ingest", "--run-dir", run_dir});
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.out, ContainsSubstring("1 written, 5 missing_row"));
  CHECK(world.sandbox().billed("requests") == 6);
}

TEST_CASE("a run whose rows were all deleted is settled with --accept-missing-rows", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  world.database().exec("DELETE FROM knowledge_chunks");
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 1);
  const Outcome outcome = world.run({"ingest", "--run-dir", run_dir, "--accept-missing-rows"});
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.out, ContainsSubstring("3 missing_row"));
}

TEST_CASE("a role that row-level security hides all rows from settles nothing", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  const std::string role = "blind_" + world.database().value("SELECT current_database()");
  world.database().exec(fmt::format(
      "CREATE ROLE {0} LOGIN; GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO {0};"
      "ALTER TABLE knowledge_chunks ENABLE ROW LEVEL SECURITY",
      role));
  const Outcome outcome = world.run(
      {"ingest", "--run-dir", run_dir}, {{"DATABASE_URL", world.database().url_for(role)}});
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(
      outcome.err, ContainsSubstring("all 3 rows of batch 001 are missing in the table")
                       && ContainsSubstring("row-level security may hide rows"));
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.count("embedding IS NULL") == 0);
  world.database().exec(fmt::format("DROP OWNED BY {0}; DROP ROLE {0}", role));
}

TEST_CASE("a batch whose rows are all refused holds up no other batch", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 24);
  const std::string run_dir = world.submit(1, {"--max-requests-per-batch", "12"});
  world.let_pass();
  world.database().exec(fmt::format(
      "ALTER TABLE knowledge_chunks ADD CONSTRAINT late CHECK (id > '{}' OR embedding IS NULL)",
      chunk(12)));
  const Outcome outcome = world.run({"ingest", "--run-dir", run_dir});
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.err, ContainsSubstring("refuses every row") && ContainsSubstring("late"));
  CHECK(world.count("embedding IS NOT NULL") == 12);
  world.database().exec("ALTER TABLE knowledge_chunks DROP CONSTRAINT late");
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK(world.sandbox().billed("requests") == 24);
}

TEST_CASE("text of a SQL_ASCII database that is not UTF-8 is skipped and listed", "[e2e]") {
  const World world(k_at_once);
  const test::TestDatabase ascii(
      "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
  ascii.exec(fmt::format(
      "CREATE TABLE equipment_families (id uuid PRIMARY KEY, name text);"
      "CREATE TABLE knowledge_chunks (id uuid PRIMARY KEY, family_id uuid, content text,"
      " embedding vector(1536)); INSERT INTO equipment_families VALUES ('{0}');"
      "INSERT INTO knowledge_chunks VALUES ('{1}', '{0}', 'pump 1'), ('{2}', '{0}', E'pump \\xff'),"
      " ('{3}', '{0}', 'pump für 3'), ('{4}', '{0}', 'pump 4')",
      family(1), chunk(1), chunk(2), chunk(3), chunk(4)));
  const Variables there = {{"DATABASE_URL", ascii.url()}};
  const Outcome submit = world.run({"submit", "--family-id", family(1)}, there);
  INFO(submit.out << submit.err);
  CHECK(submit.exit_code == 3);
  const std::string run_dir = only_run(world, 1);
  CHECK(
      content_of(batch_folder(run_dir) / "skipped_chunk_ids.tsv") == chunk(2) + "\tinvalid_utf8\n");
  ascii.exec(fmt::format(
      "UPDATE knowledge_chunks SET content = E'edited \\xff' WHERE id = '{}'", chunk(4)));
  const Outcome run = world.run({"run", "--run-dir", run_dir, "--poll-seconds", "1"}, there);
  INFO(run.out << run.err);
  CHECK(run.exit_code == 3);
  CHECK_THAT(run.out, ContainsSubstring("2 written, 1 stale, 1 skipped"));
  CHECK(world.sandbox().billed("requests") == 3);
}

} // namespace embedctl::e2e
