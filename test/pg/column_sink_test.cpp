#include "pg/column_sink.hpp"

#include "pg/fixture.hpp"
#include "support/catch.hpp"
#include "support/fake_progress.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <csignal>
#include <future>
#include <limits>
#include <random>
#include <thread>

#include <fmt/format.h>

using namespace embedctl;
using namespace embedctl::pg;
using test::TestDatabase;

namespace {

using States = std::vector<RowState>;

States write_as(
    const std::string& url,
    const AnswerChunk& chunk,
    const Task& task = narrow_task(),
    bool overwrite = false) {
  SleepingClock clock;
  pg::ColumnSink sink(Secret(url), task, clock, {.overwrite = overwrite, .retry_timeout = {}});
  return states_of(sink.write(chunk));
}

// The chunks 0 to count-1, all of the first family and selected.
std::vector<TakenRow> make_rows(const TestDatabase& database, int count) {
  for (int n = 0; n < count; ++n)
    add_chunk(database, n, fmt::format("text {}", n));
  auto rows = select_all(database, narrow_task());
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return rows;
}

std::string vector_of(const TestDatabase& database, int n) {
  return database.value(
      fmt::format("SELECT embedding FROM knowledge_chunks WHERE id = '{}'", chunk_id(n)));
}

void change(const TestDatabase& database, int n, const std::string& assignment) {
  database.exec(
      fmt::format("UPDATE knowledge_chunks SET {} WHERE id = '{}'", assignment, chunk_id(n)));
}

} // namespace

TEST_CASE("a written vector is in its own row and nowhere else", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const auto rows = make_rows(database, 600);
  REQUIRE(rows.size() == 600);
  CHECK(write_as(database.url(), chunk_of(rows)) == States(600, RowState::written));
  for (const int n : {0, 249, 250, 499, 500, 599})
    CHECK(vector_of(database, n) == fmt::format("[1,2,{}]", n));
  CHECK(database.value("SELECT count(DISTINCT embedding) FROM knowledge_chunks") == "600");
}

TEST_CASE("every row ends in the state that it is found in", "[pg]") {
  for (const char* type : {"vector(3)", "vector", "halfvec(3)"}) {
    const TestDatabase database;
    make_tables(database, type);
    const auto rows = make_rows(database, 7);
    change(database, 1, "content = 'edited'");
    change(database, 2, "content = 'edited', embedding = '[9,9,9]'");
    change(database, 3, "embedding = '[9,9,9]'");
    change(database, 4, "embedding = '[1,2,4]'"); // what we are about to write
    database.exec(fmt::format("DELETE FROM knowledge_chunks WHERE id = '{}'", chunk_id(5)));
    change(database, 6, "content = NULL");

    CHECK(
        write_as(database.url(), chunk_of(rows))
        == States{
            RowState::written, RowState::stale, RowState::stale, RowState::already_set,
            RowState::written, RowState::missing_row, RowState::stale});
    CHECK(vector_of(database, 0) == "[1,2,0]");
    CHECK(vector_of(database, 1).empty());
    CHECK(vector_of(database, 2) == "[9,9,9]");
    CHECK(vector_of(database, 3) == "[9,9,9]");
    CHECK(vector_of(database, 6).empty());
  }
}

TEST_CASE("rows are examined by their text before their vector", "[pg]") {
  for (const char* type : {"vector(3)", "halfvec(3)"}) {
    const TestDatabase database;
    make_tables(database, type);
    const auto rows = make_rows(database, 7);
    const AnswerChunk chunk = chunk_of(rows);
    CHECK(write_as(database.url(), chunk) == States(7, RowState::written));
    change(database, 1, "content = 'edited'"); // and its vector is still ours
    change(database, 2, "content = 'edited', embedding = '[9,9,9]'");
    change(database, 3, "embedding = '[9,9,9]'");
    change(database, 4, "embedding = NULL");
    change(database, 5, "content = 'edited', embedding = NULL");
    database.exec(fmt::format("DELETE FROM knowledge_chunks WHERE id = '{}'", chunk_id(6)));
    for (const bool overwrite : {false, true}) {
      SleepingClock clock;
      pg::ColumnSink sink(
          Secret(database.url()), narrow_task(), clock,
          {.overwrite = overwrite, .retry_timeout = {}});
      CHECK(
          sink.examine(chunk)
          == States{
              RowState::written, RowState::stale, RowState::stale, RowState::already_set,
              RowState::pending, RowState::stale, RowState::missing_row});
    }
    CHECK(vector_of(database, 3) == "[9,9,9]");
    CHECK(vector_of(database, 4).empty());
  }
}

TEST_CASE("a row that was edited after it got our vector was written", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const AnswerChunk chunk = chunk_of(make_rows(database, 1));
  CHECK(write_as(database.url(), chunk) == States{RowState::written});
  change(database, 0, "content = 'edited'");
  for (const bool overwrite : {false, true})
    CHECK(
        write_as(database.url(), chunk, narrow_task(), overwrite) == States{RowState::written});
}

TEST_CASE("states keep the order of the rows across statements", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const auto rows = make_rows(database, 600);
  States expected(600, RowState::written);
  for (const std::size_t n : {3U, 260U, 270U, 599U}) {
    change(database, static_cast<int>(n), "content = 'edited'");
    expected[n] = RowState::stale;
  }
  for (const std::size_t n : {250U, 300U, 501U}) {
    change(database, static_cast<int>(n), "embedding = '[9,9,9]'");
    expected[n] = RowState::already_set;
  }
  CHECK(write_as(database.url(), chunk_of(rows)) == expected);
  CHECK(write_as(database.url(), chunk_of(rows)) == expected);
}

TEST_CASE("overwriting replaces a vector, but never one of another text", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const auto rows = make_rows(database, 4);
  change(database, 1, "embedding = '[9,9,9]'");
  change(database, 2, "embedding = '[9,9,9]', content = 'edited'");
  change(database, 3, "embedding = '[1,2,3]'");
  CHECK(
      write_as(database.url(), chunk_of(rows), narrow_task(), true)
      == States{RowState::written, RowState::written, RowState::stale, RowState::written});
  CHECK(vector_of(database, 1) == "[1,2,1]");
  CHECK(vector_of(database, 2) == "[9,9,9]");
}

TEST_CASE("writing the same chunk again changes nothing and says the same", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const auto chunk = chunk_of(make_rows(database, 3));
  for (const bool overwrite : {false, true}) {
    CHECK(
        write_as(database.url(), chunk, narrow_task(), overwrite)
        == States(3, RowState::written));
    const std::string versions =
        database.value("SELECT string_agg(xmin::text, ',') FROM knowledge_chunks");
    CHECK(
        write_as(database.url(), chunk, narrow_task(), overwrite)
        == States(3, RowState::written));
    CHECK(database.value("SELECT string_agg(xmin::text, ',') FROM knowledge_chunks") == versions);
  }
}

TEST_CASE("vectors arrive bit for bit", "[pg]") {
  using Limits = std::numeric_limits<float>;
  const TestDatabase database;
  make_tables(database, "vector(64)");
  Task task = narrow_task();
  task.request.dims = 64;
  make_rows(database, 40);
  const auto rows = select_all(database, task);
  std::mt19937 random(7);
  AnswerChunk chunk;
  chunk.dims = 64;
  for (const TakenRow& row : rows) {
    std::vector<float> vector = {
        -0.0F,         0.0F,          Limits::denorm_min(), -Limits::denorm_min(),
        Limits::min(), Limits::max(), Limits::lowest(),     Limits::epsilon()};
    while (vector.size() < 64) {
      const auto number = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
      if (std::isfinite(number))
        vector.push_back(number);
    }
    chunk.add(row.key, row.fingerprint, vector);
  }
  CHECK(write_as(database.url(), chunk, task) == States(rows.size(), RowState::written));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::string expected = "00400000"; // width, unused
    for (std::size_t d = 0; d < 64; ++d)
      expected += fmt::format("{:08x}", std::bit_cast<std::uint32_t>(chunk.values[i * 64 + d]));
    CHECK(
        database.value(fmt::format(
            "SELECT encode(vector_send(embedding), 'hex') FROM knowledge_chunks WHERE id = '{}'",
            rows[i].key))
        == expected);
  }
}

TEST_CASE("oddly named tables with keys of every type are written", "[pg]") {
  const std::tuple<const char*, const char*, const char*> keys[] = {
      {"uuid", "'AAAAAAAA-0000-4000-8000-000000000001'", "aaaaaaaa-0000-4000-8000-000000000001"},
      {"bigint", "-9223372036854775808", "-9223372036854775808"},
      {"int", "42", "42"},
      {"smallint", "-7", "-7"},
      {"text", "'it''s \"odd\", \\ {} \xf0\x9f\x98\x80'", "it's \"odd\", \\ {} \xf0\x9f\x98\x80"},
      {"varchar(9)", "' a  '", " a  "},
  };
  const TestDatabase database;
  database.exec("CREATE SCHEMA \"My Schema\"");
  Task task = narrow_task();
  task.rows.table = "My Schema.we\"ird Table";
  task.rows.key_column = "the \"Key\"";
  task.rows.scope_column = "Scope?";
  task.rows.text_column = "te'xt";
  task.target.column = "select";
  task.scopes.table = "My Schema.sco.pes";
  task.scopes.key_column = "a b";
  for (const auto& [type, literal, key] : keys) {
    INFO(type);
    database.exec(fmt::format(
        R"(DROP TABLE IF EXISTS "My Schema"."we""ird Table", "My Schema"."sco.pes";
           CREATE TABLE "My Schema"."sco.pes" ("a b" uuid);
           CREATE TABLE "My Schema"."we""ird Table"
             ("the ""Key""" {} PRIMARY KEY, "Scope?" uuid, "te'xt" varchar, "select" vector(3));
           INSERT INTO "My Schema"."we""ird Table" VALUES ({}, '{}', 'text'))",
        type, literal, k_family));
    const auto rows = select_all(database, task);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].key == key);
    CHECK(write_as(database.url(), chunk_of(rows), task) == States{RowState::written});
    CHECK(database.value(R"(SELECT "select" FROM "My Schema"."we""ird Table")") == "[1,2,0]");
  }
}

TEST_CASE("pgvector in a schema off the search path is found", "[pg]") {
  const TestDatabase database;
  make_tables(database, "halfvec(3)");
  database.exec("CREATE SCHEMA \"Ext\"; ALTER EXTENSION vector SET SCHEMA \"Ext\"");
  const auto chunk = chunk_of(make_rows(database, 2));
  CHECK(write_as(database.url(), chunk) == States(2, RowState::written));
  CHECK(write_as(database.url(), chunk) == States(2, RowState::written));
  CHECK(write_as(database.url(), chunk, narrow_task(), true) == States(2, RowState::written));
}

TEST_CASE("a partitioned table is written", "[pg]") {
  const TestDatabase database;
  database.exec(fmt::format(
      "CREATE TABLE equipment_families (id uuid);"
      "CREATE TABLE knowledge_chunks (id uuid, family_id uuid, content text, embedding vector(3),"
      " PRIMARY KEY (id, family_id)) PARTITION BY HASH (id);"
      "CREATE TABLE p0 PARTITION OF knowledge_chunks FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
      "CREATE TABLE p1 PARTITION OF knowledge_chunks FOR VALUES WITH (MODULUS 2, REMAINDER 1)"));
  const auto rows = make_rows(database, 20);
  CHECK(write_as(database.url(), chunk_of(rows)) == States(20, RowState::written));
  CHECK(database.value("SELECT count(embedding) > 0 FROM p0") == "t");
  CHECK(database.value("SELECT count(embedding) > 0 FROM p1") == "t");
}

TEST_CASE("a key that two table rows share counts once", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const auto rows = make_rows(database, 3);
  database.exec("ALTER TABLE knowledge_chunks DROP CONSTRAINT knowledge_chunks_pkey;"
                "INSERT INTO knowledge_chunks SELECT * FROM knowledge_chunks");
  database.exec(fmt::format(
      "UPDATE knowledge_chunks SET content = 'edited' WHERE id = '{}' AND ctid ="
      " (SELECT max(ctid) FROM knowledge_chunks WHERE id = '{}');"
      "UPDATE knowledge_chunks SET content = 'edited' WHERE id = '{}'",
      chunk_id(1), chunk_id(1), chunk_id(2)));
  CHECK(
      write_as(database.url(), chunk_of(rows))
      == States{RowState::written, RowState::written, RowState::stale});
}

TEST_CASE("a row that a trigger keeps from being updated has failed", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const auto rows = make_rows(database, 3);
  database.exec(fmt::format(
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
      " $$ BEGIN IF OLD.id = '{}' THEN RETURN NULL; END IF; RETURN NEW; END $$;"
      "CREATE TRIGGER refuse BEFORE UPDATE ON knowledge_chunks"
      " FOR EACH ROW EXECUTE FUNCTION refuse()",
      chunk_id(1)));
  for (const bool overwrite : {false, true})
    CHECK(
        write_as(database.url(), chunk_of(rows), narrow_task(), overwrite)
        == States{RowState::written, RowState::failed, RowState::written});
}

TEST_CASE("row-level security decides which rows are there and which may be written", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const auto rows = make_rows(database, 3);
  const std::string role = "writer_of_" + database.value("SELECT current_database()");
  database.exec(fmt::format(
      "CREATE ROLE {0} LOGIN; GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO {0};"
      "ALTER TABLE knowledge_chunks ENABLE ROW LEVEL SECURITY;"
      "CREATE POLICY see ON knowledge_chunks FOR SELECT USING (id <> '{2}');"
      "CREATE POLICY change ON knowledge_chunks FOR UPDATE USING (id <> '{1}')",
      role, chunk_id(1), chunk_id(2)));
  CHECK(
      write_as(database.url_for(role), chunk_of(rows))
      == States{RowState::written, RowState::failed, RowState::missing_row});
  database.exec(fmt::format("DROP OWNED BY {0}; DROP ROLE {0}", role));
}

TEST_CASE("rows that the database refuses are found, and the others are written", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const auto rows = make_rows(database, 300);
  database.exec(fmt::format(
      "ALTER TABLE knowledge_chunks ADD CONSTRAINT no_last CHECK (id <> '{}' OR embedding IS NULL);"
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
      " $$ BEGIN IF OLD.id = '{}' THEN RAISE EXCEPTION 'no: %', NEW.content; END IF;"
      " RETURN NEW; END $$;"
      "CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON knowledge_chunks"
      " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()",
      chunk_id(299), chunk_id(7)));
  SleepingClock clock;
  pg::ColumnSink sink(Secret(database.url()), narrow_task(), clock);
  const auto outcomes = sink.write(chunk_of(rows));
  States expected(300, RowState::written);
  expected[7] = expected[299] = RowState::failed;
  CHECK(states_of(outcomes) == expected);
  CHECK(
      outcomes[7]
      == RowOutcome{RowState::failed, "not_updated", "raise_exception (SQLSTATE P0001)"});
  CHECK(outcomes[299].code == "not_updated");
  CHECK_THAT(
      outcomes[299].message, ContainsSubstring("SQLSTATE 23514") && ContainsSubstring("no_last"));
  CHECK(database.value("SELECT count(embedding) FROM knowledge_chunks") == "298");
  CHECK(states_of(sink.write(chunk_of(rows))) == expected);
}

TEST_CASE("a number too large for halfvec is its row's failure", "[pg]") {
  const TestDatabase database;
  make_tables(database, "halfvec(3)");
  const auto rows = make_rows(database, 3);
  AnswerChunk chunk = chunk_of(rows);
  chunk.values[4] = 70'000;
  CHECK(
      write_as(database.url(), chunk)
      == States{RowState::written, RowState::failed, RowState::written});
}

TEST_CASE("a refusal of every row alike is the table's, and nothing is written", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const auto rows = make_rows(database, 20);
  database.exec("ALTER TABLE knowledge_chunks ADD CHECK (embedding IS NULL)");
  const Error error = error_of([&] { write_as(database.url(), chunk_of(rows)); });
  CHECK(error.kind() == ErrorKind::database);
  CHECK_THAT(error.what(), ContainsSubstring("refuses every row: check_violation"));
  CHECK(database.value("SELECT count(embedding) FROM knowledge_chunks") == "0");
}

TEST_CASE("a row is written only if it holds the vector after all triggers and rules", "[pg]") {
  const std::string body = fmt::format("IF NEW.id = '{}' THEN", chunk_id(1));
  const auto trigger = [](const std::string& code, const char* when) {
    return fmt::format(
        "CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN {} END IF; RETURN NEW; END $$;"
        "CREATE {} FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION act()",
        code, when);
  };
  const std::string clear = body + " UPDATE knowledge_chunks SET embedding = NULL WHERE id = NEW.id;";
  for (const std::string& action :
       {trigger(body + " NEW.embedding = NULL;", "TRIGGER act BEFORE UPDATE ON knowledge_chunks"),
        trigger(body + " NEW.embedding = '[9,9,9]';", "TRIGGER act BEFORE UPDATE ON knowledge_chunks"),
        trigger(clear, "TRIGGER act AFTER UPDATE ON knowledge_chunks"),
        trigger(clear, "CONSTRAINT TRIGGER act AFTER UPDATE ON knowledge_chunks"
                       " DEFERRABLE INITIALLY DEFERRED")}) {
    INFO(action);
    const TestDatabase database;
    make_tables(database);
    const auto rows = make_rows(database, 3);
    database.exec(action);
    for (int i = 0; i < 2; ++i)
      CHECK(
          write_as(database.url(), chunk_of(rows))
          == States{RowState::written, RowState::failed, RowState::written});
    CHECK(vector_of(database, 1).empty());
  }
}

TEST_CASE("a column that changed after the first chunk stops the next one", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const auto chunk = chunk_of(make_rows(database, 2));
  SleepingClock clock;
  pg::ColumnSink sink(Secret(database.url()), narrow_task(), clock);
  CHECK(states_of(sink.write(chunk)) == States(2, RowState::written));
  for (const char* type : {"vector(4)", "text"}) {
    database.exec("ALTER TABLE knowledge_chunks DROP embedding");
    database.exec(fmt::format("ALTER TABLE knowledge_chunks ADD embedding {}", type));
    CHECK(error_of([&] { sink.write(chunk); }).kind() == ErrorKind::database);
    CHECK(database.value("SELECT count(embedding) FROM knowledge_chunks") == "0");
  }
  database.exec("DROP TABLE knowledge_chunks");
  CHECK(error_of([&] { sink.write(chunk); }).sqlstate == "42P01");
  CHECK(clock.sleeps == 0);
}

TEST_CASE("a chunk of another width is refused, and an empty one is nothing to do", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  AnswerChunk chunk;
  chunk.dims = 3;
  CHECK(write_as(database.url(), chunk).empty());
  chunk.dims = 4;
  chunk.add(chunk_id(0), {}, std::vector<float>(4));
  CHECK(error_of([&] { write_as(database.url(), chunk); }).kind() == ErrorKind::internal);
}

TEST_CASE("rows that another session has locked are left for later, and it is named", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const auto rows = make_rows(database, 300);
  database.exec(fmt::format(
      "SET application_name = 'editor'; BEGIN;"
      "SELECT FROM knowledge_chunks WHERE id IN ('{}', '{}') FOR UPDATE",
      chunk_id(3), chunk_id(299)));
  SleepingClock clock;
  test::FakeProgress progress;
  pg::ColumnSink sink(Secret(database.url()), narrow_task(), clock, {.progress = &progress});
  States expected(300, RowState::written);
  expected[3] = expected[299] = RowState::pending;
  CHECK(states_of(sink.write(chunk_of(rows))) == expected);
  CHECK(states_of(sink.write(chunk_of(rows))) == expected);
  REQUIRE(progress.notes.size() == 1);
  CHECK_THAT(
      progress.notes[0],
      ContainsSubstring("2 rows are locked by another session and left for later: pid ")
          && ContainsSubstring("(editor), idle in transaction, its transaction began at "));
  database.exec("COMMIT");
  CHECK(states_of(sink.write(chunk_of(rows))) == States(300, RowState::written));
}

TEST_CASE("a row that a policy hides from updates is refused, and not taken for locked", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const auto rows = make_rows(database, 4);
  const std::string role = "updater_of_" + database.value("SELECT current_database()");
  database.exec(fmt::format(
      "CREATE ROLE {0} LOGIN; GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO {0};"
      "ALTER TABLE knowledge_chunks ENABLE ROW LEVEL SECURITY;"
      "CREATE POLICY see ON knowledge_chunks FOR SELECT USING (true);"
      "CREATE POLICY change ON knowledge_chunks FOR UPDATE USING (id <> '{1}')"
      " WITH CHECK (id <> '{2}' OR embedding IS NULL)",
      role, chunk_id(1), chunk_id(2)));
  database.exec("BEGIN");
  database.exec(fmt::format(
      "SELECT FROM knowledge_chunks WHERE id = '{}' FOR UPDATE", chunk_id(3)));
  CHECK(
      write_as(database.url_for(role), chunk_of(rows))
      == States{RowState::written, RowState::failed, RowState::failed, RowState::pending});
  database.exec("COMMIT");
  database.exec(fmt::format("DROP OWNED BY {0}; DROP ROLE {0}", role));
}

TEST_CASE("a stop request ends the wait for a lock of the table", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const auto rows = make_rows(database, 1);
  database.exec("BEGIN; LOCK TABLE knowledge_chunks IN ACCESS EXCLUSIVE MODE");
  SleepingClock clock;
  StopFlag stop;
  pg::ColumnSink sink(Secret(database.url()), narrow_task(), clock, {.stop = &stop});
  auto error = std::async(
      std::launch::async, [&] { return error_of([&] { sink.write(chunk_of(rows)); }); });
  while (database.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0")
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  const auto start = std::chrono::steady_clock::now();
  stop.request(SIGTERM);
  CHECK(error.get().kind() == ErrorKind::interrupted);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{1});
  database.exec("COMMIT");
  CHECK(vector_of(database, 0).empty());
}

TEST_CASE("a row that someone holds is looked at again once they let go", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const auto rows = make_rows(database, 4);
  database.exec("BEGIN");
  change(database, 0, "content = 'edited meanwhile'");
  change(database, 1, "embedding = '[9,9,9]'");
  change(database, 2, "family_id = family_id"); // touched, and the same for us
  database.exec(fmt::format("DELETE FROM knowledge_chunks WHERE id = '{}'", chunk_id(3)));
  CHECK(write_as(database.url(), chunk_of(rows)) == States(4, RowState::pending));
  database.exec("COMMIT");
  CHECK(
      write_as(database.url(), chunk_of(rows))
      == States{RowState::stale, RowState::already_set, RowState::written, RowState::missing_row});
}
