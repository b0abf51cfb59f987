#include "pg/table_source.hpp"

#include "entities/built_in.hpp"

#include "base/bytes.hpp"
#include "pg/connection.hpp"
#include "pg/fixture.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>

#include <fmt/format.h>

using namespace embedctl;
using namespace embedctl::pg;
using test::TestDatabase;

namespace {

struct Selected {
  std::vector<std::string> keys;
  std::vector<std::uint64_t> left_out;
};

Selected select(const TestDatabase& database, const Selection& selection) {
  Selected selected;
  pg::TableSource source(Secret(database.url()), narrow_task());
  selected.left_out =
      source.select(selection, [&](const SourceRow& row) { selected.keys.emplace_back(row.key); });
  std::sort(selected.keys.begin(), selected.keys.end());
  return selected;
}

InFlight holder(const std::string& run, std::vector<std::string> keys) {
  return {run, [keys = std::move(keys)](const auto& take) {
            for (const std::string& key : keys)
              take(key);
          }};
}

void add_chunks(const TestDatabase& database, int count) {
  database.exec(fmt::format(
      "INSERT INTO knowledge_chunks SELECT"
      " ('10000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, '{}', 'text ' || n"
      " FROM generate_series(0, {}) n",
      k_family, count - 1));
}

std::vector<std::string> ids(std::initializer_list<int> numbers) {
  std::vector<std::string> out;
  for (const int n : numbers)
    out.push_back(chunk_id(n));
  return out;
}

} // namespace

TEST_CASE("only rows of the scope without a vector are selected", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  add_chunks(database, 4);
  database.exec(fmt::format(
      "UPDATE knowledge_chunks SET embedding = '[1,2,3]' WHERE id = '{}';"
      "UPDATE knowledge_chunks SET family_id = '{}' WHERE id = '{}'",
      chunk_id(1), k_other_family, chunk_id(2)));
  const Selected selected = select(database, {.rows = RowsOfScope{k_family}, .limit = {}, .in_flight = {}});
  CHECK(selected.keys == ids({0, 3}));
  CHECK(selected.left_out.empty());
}

TEST_CASE("text arrives as it is stored, with the fingerprint of just these bytes", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const std::vector<std::string> texts = {
      "",
      "plain",
      "\"quotes\" 'and' \\backslashes\\ \\N $1 {}",
      "lines\nand\r\ntabs\t",
      "\x01\x02\x1b\x7f controls",
      "\xf0\x9f\x98\x80 \xe2\x80\xa8 \xc3\xa9",
      std::string(100'000, 'x')};
  for (std::size_t i = 0; i < texts.size(); ++i)
    add_chunk(database, static_cast<int>(i), texts[i]);
  const auto rows = select_all(database, narrow_task());
  REQUIRE(rows.size() == texts.size());
  for (const auto& row : rows) {
    const auto n = std::stoul(row.key.substr(24));
    CHECK(row.text == texts[n]);
    CHECK(
        to_hex(row.fingerprint)
        == database.value(fmt::format(
            "SELECT encode(sha256(content::bytea), 'hex') FROM (SELECT"
            " convert_to(content, 'UTF8') AS content FROM knowledge_chunks WHERE id = '{}') t",
            row.key)));
  }
}

TEST_CASE("a fingerprint is that of UTF-8 whatever the database's encoding", "[pg]") {
  const TestDatabase database("TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'");
  make_tables(database);
  database.exec(fmt::format(
      "INSERT INTO knowledge_chunks VALUES ('{}', '{}', 'caf' || chr(233))", chunk_id(1),
      k_family));
  const auto rows = select_all(database, narrow_task());
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].text == "caf\xc3\xa9");
  CHECK(
      to_hex(rows[0].fingerprint)
      == database.value(
          "SELECT encode(sha256(convert_to(content, 'UTF8')), 'hex') FROM knowledge_chunks"));
}

TEST_CASE("NULL text comes as empty text", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  add_chunks(database, 1);
  database.exec("UPDATE knowledge_chunks SET content = NULL");
  const auto rows = select_all(database, narrow_task());
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].text.empty());
}

TEST_CASE("a row without a key is refused", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  database.exec(fmt::format(
      "ALTER TABLE knowledge_chunks DROP CONSTRAINT knowledge_chunks_pkey;"
      "ALTER TABLE knowledge_chunks ALTER id DROP NOT NULL;"
      "INSERT INTO knowledge_chunks VALUES (NULL, '{}', 'text')",
      k_family));
  const Error error = error_of([&] { select_all(database, narrow_task()); });
  CHECK(error.kind() == ErrorKind::database);
  CHECK_THAT(error.what(), ContainsSubstring("key column \"id\""));
}

TEST_CASE("a limit takes the first rows by key, after leaving out", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  add_chunks(database, 9);
  const auto selected =
      select(database, {.rows = RowsOfScope{k_family}, .limit = 3, .in_flight = {holder("a", ids({0, 2, 8}))}});
  CHECK(selected.keys == ids({1, 3, 4}));
}

TEST_CASE("rows in flight are left out and counted for who holds them", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  add_chunks(database, 6);
  database.exec(fmt::format(
      "UPDATE knowledge_chunks SET embedding = '[1,2,3]' WHERE id = '{}'", chunk_id(5)));
  const auto selected = select(
      database,
      {.rows = RowsOfScope{k_family},
       .limit = {},
       .in_flight = {
           holder("a", ids({0, 1, 5, 77})),              // 5 has a vector, 77 does not exist
           holder("b", {}), holder("c", ids({1, 2}))}}); // 1 is the first holder's already
  CHECK(selected.keys == ids({3, 4}));
  CHECK(selected.left_out == std::vector<std::uint64_t>{2, 0, 1});
}

TEST_CASE("many keys in flight are left out", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  add_chunks(database, 20'000);
  const InFlight all_but_last{"a", [](const auto& take) {
                                for (int n = 0; n < 19'999; ++n)
                                  take(chunk_id(n));
                              }};
  const auto selected =
      select(database, {.rows = RowsOfScope{k_family}, .limit = {}, .in_flight = {all_but_last}});
  CHECK(selected.keys == ids({19'999}));
  CHECK(selected.left_out == std::vector<std::uint64_t>{19'999});
}

TEST_CASE("without keys in flight nothing temporary is made", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  add_chunks(database, 2);
  database.exec(
      "ALTER DATABASE " + database.value("SELECT current_database()")
      + " SET default_transaction_read_only = on");
  const auto selected =
      select(database, {.rows = RowsOfScope{k_family}, .limit = {}, .in_flight = {holder("a", {})}});
  CHECK(selected.keys == ids({0, 1}));
  CHECK(selected.left_out == std::vector<std::uint64_t>{0});
}

TEST_CASE("rows that another run finishes while its keys are read are not selected", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  add_chunks(database, 3);
  const InFlight finishing{"a", [&](const auto& take) {
                             take(chunk_id(0));
                             database.exec(fmt::format(
                                 "UPDATE knowledge_chunks SET embedding = '[1,2,3]'"
                                 " WHERE id = '{}'",
                                 chunk_id(1)));
                           }};
  const auto selected =
      select(database, {.rows = RowsOfScope{k_family}, .limit = {}, .in_flight = {finishing}});
  CHECK(selected.keys == ids({2}));
}

TEST_CASE("an exception of the taker goes on, and the server stops its work", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  add_chunks(database, 100);
  // The first rows come at once; the others would take minutes, in which the server sends nothing.
  database.exec(fmt::format(
      "ALTER TABLE knowledge_chunks RENAME TO stored;"
      "CREATE FUNCTION slow(text) RETURNS text LANGUAGE sql VOLATILE AS"
      " 'SELECT $1 FROM pg_sleep(60)';"
      "CREATE VIEW knowledge_chunks AS SELECT id, family_id, embedding,"
      " CASE WHEN id > '{}' THEN slow(content) ELSE repeat(content, 20) END AS content"
      " FROM stored",
      chunk_id(90)));
  pg::TableSource source(Secret(database.url()), narrow_task());
  CHECK_THROWS_WITH(
      source.select(
          {.rows = RowsOfScope{k_family}, .limit = {}, .in_flight = {}},
          [](const SourceRow&) { throw std::runtime_error("enough"); }),
      "enough");
  const auto others = [&] {
    return database.value("SELECT count(*) FROM pg_stat_activity WHERE datname ="
                          " current_database() AND application_name = 'embedctl'");
  };
  for (int i = 0; i < 250 && others() != "0"; ++i)
    database.exec("SELECT pg_sleep(0.02)");
  CHECK(others() == "0");
}

TEST_CASE("a scope is counted, and one that does not exist is said to be none", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  add_chunks(database, 3);
  database.exec(fmt::format(
      "UPDATE knowledge_chunks SET embedding = '[1,2,3]' WHERE id = '{}'", chunk_id(0)));
  pg::TableSource source(Secret(database.url()), narrow_task());
  const RowSetCounts counts = source.count(RowsOfScope{k_family});
  CHECK(counts.rows == 3);
  CHECK(counts.filled == 1);
  CHECK(source.count(RowsOfScope{k_other_family}).rows == 0);
  CHECK(source.look(RowsOfScope{k_family}).exists);
  CHECK_FALSE(source.look(RowsOfScope{k_family}).complete);
  CHECK(source.look(RowsOfScope{k_other_family}).exists);
  CHECK(source.look(RowsOfScope{k_other_family}).complete);
  database.exec("UPDATE knowledge_chunks SET embedding = '[1,2,3]'");
  CHECK(source.look(RowsOfScope{k_family}).complete);
  CHECK_FALSE(source.look(RowsOfScope{"00000000-0000-4000-8000-00000000dead"}).exists);
  CHECK(error_of([&] { source.look(RowsOfScope{"no uuid"}); }).kind() == ErrorKind::usage);
}

TEST_CASE("a scope with quotes in it is a value and no SQL", "[pg]") {
  const TestDatabase database;
  const std::string scope = "it's \\ a \"scope\"; DROP TABLE families";
  database.exec(
      "CREATE TABLE families (name text PRIMARY KEY);"
      "CREATE TABLE chunks (id int, family text, content text, embedding vector(3));"
      "INSERT INTO families VALUES ($s$"
      + scope
      + "$s$);"
        "INSERT INTO chunks VALUES (1, $s$"
      + scope + "$s$, 'text')");
  Task task = narrow_task();
  task.rows.table = "chunks";
  task.rows.scope_column = "family";
  task.scopes.table = "families";
  task.scopes.key_column = "name";
  pg::TableSource source(Secret(database.url()), task);
  source.check();
  CHECK(source.look(RowsOfScope{scope}).exists);
  int rows = 0;
  source.select({.rows = RowsOfScope{scope}, .limit = {}, .in_flight = {}}, [&](const SourceRow&) { ++rows; });
  CHECK(rows == 1);
}

TEST_CASE("the database is known by its name and its system's identifier", "[pg]") {
  const TestDatabase database;
  pg::TableSource source(Secret(database.url()), narrow_task());
  CHECK(source.identity().name == database.value("SELECT current_database()"));
  CHECK(
      source.identity().system_identifier
      == database.value("SELECT system_identifier FROM pg_control_system()"));
}

TEST_CASE("one scope is held by one submit at a time, wherever it runs", "[pg]") {
  const TestDatabase database;
  pg::TableSource here(Secret(database.url()), entities::built_in_task());
  pg::TableSource there(Secret(database.url()), entities::built_in_task());
  auto hold = here.hold(RowsOfScope{"one"});
  try {
    there.hold(RowsOfScope{"one"});
    FAIL("held twice");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::locked);
  }
  CHECK_NOTHROW(there.hold(RowsOfScope{"another"}));
  hold.reset();
  CHECK_NOTHROW(there.hold(RowsOfScope{"one"}));
}

namespace {

// Two sources hold their rows at once, or the second is refused.
bool exclude(TableSource& first, const RowSet& a, TableSource& second, const RowSet& b) {
  const auto held = first.hold(a);
  try {
    second.hold(b);
    return false;
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::locked);
    return true;
  }
}

} // namespace

TEST_CASE("only submits whose rows may overlap exclude each other", "[pg][locks]") {
  const TestDatabase database;
  make_tables(database);
  TableSource here(Secret(database.url()), narrow_task());
  TableSource there(Secret(database.url()), narrow_task());
  const RowSet one = RowsOfScope{"one"};
  const RowSet other = RowsOfScope{"other"};
  const RowSet keys = RowsOfKeys{{chunk_id(1)}};
  const RowSet other_keys = RowsOfKeys{{chunk_id(2)}};
  const RowSet all = AllRows{};
  CHECK(exclude(here, one, there, one));
  CHECK_FALSE(exclude(here, one, there, other));
  CHECK(exclude(here, one, there, all));
  CHECK(exclude(here, all, there, one));
  CHECK(exclude(here, one, there, keys)); // the keys may be of the scope
  CHECK(exclude(here, keys, there, one));
  CHECK(exclude(here, keys, there, other_keys));
  CHECK(exclude(here, keys, there, all));
  CHECK(exclude(here, all, there, all));
  CHECK_NOTHROW(there.hold(all)); // nothing is left of the others
}

TEST_CASE("one table under two names has one lock, and another column another", "[pg][locks]") {
  const TestDatabase database;
  make_tables(database);
  database.exec("ALTER TABLE knowledge_chunks ADD other vector(3)");
  Task qualified = narrow_task();
  qualified.rows.table = "public.knowledge_chunks";
  Task other_column = narrow_task();
  other_column.target.column = "other";
  TableSource by_name(Secret(database.url()), narrow_task());
  TableSource by_schema(Secret(database.url()), qualified);
  TableSource elsewhere(Secret(database.url()), other_column);
  CHECK(exclude(by_name, RowsOfScope{"one"}, by_schema, RowsOfScope{"one"}));
  CHECK(exclude(by_schema, RowsOfScope{"one"}, by_name, AllRows{}));
  CHECK_FALSE(exclude(by_schema, RowsOfScope{"one"}, by_name, RowsOfScope{"other"}));
  CHECK_FALSE(exclude(by_name, RowsOfScope{"one"}, elsewhere, RowsOfScope{"one"}));
  CHECK_FALSE(exclude(by_name, AllRows{}, elsewhere, AllRows{}));
}

TEST_CASE("a submit of release 0.1.0 and one of this release exclude each other", "[pg][locks]") {
  // What 0.1.0 locked for scope "one" of its table: of the SHA-256 of "embedctl submit",
  // "knowledge_chunks", "embedding" and "one", each with a NUL behind it, the first eight bytes.
  constexpr std::string_view k_key_of_one = "-7197506580933902553";
  const TestDatabase database;
  make_tables(database);
  Task task = entities::built_in_task();
  TableSource source(Secret(database.url()), task);
  Connection old(Secret(database.url()));
  old.query(fmt::format("SELECT pg_advisory_lock({})", k_key_of_one), {}, "cannot lock");
  CHECK(error_of([&] { source.hold(RowsOfScope{"one"}); }).kind() == ErrorKind::locked);
  CHECK_NOTHROW(source.hold(RowsOfScope{"other"}));
  old.query("SELECT pg_advisory_unlock_all()", {}, "cannot unlock");
  const auto held = source.hold(RowsOfScope{"one"});
  CHECK_FALSE(
      old.query(fmt::format("SELECT pg_try_advisory_lock({})", k_key_of_one), {}, "cannot lock")
          .boolean(0, 0));
}

TEST_CASE("where the server does not tell its identifier, there is none", "[pg]") {
  const TestDatabase database;
  const std::string role = "curious_in_" + database.value("SELECT current_database()");
  database.exec(fmt::format(
      "CREATE ROLE {} LOGIN; REVOKE EXECUTE ON FUNCTION pg_control_system() FROM public", role));
  pg::TableSource source(Secret(database.url_for(role)), narrow_task());
  CHECK(source.identity().system_identifier.empty());
  CHECK_FALSE(source.identity().name.empty());
  database.exec(fmt::format("DROP ROLE {}", role));
}

TEST_CASE("the few rows of a scope in a large table are found by its index", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  database.exec(fmt::format(
      "INSERT INTO knowledge_chunks SELECT gen_random_uuid(), '{}', 'text ' || n"
      " FROM generate_series(1, 50000) n;"
      "CREATE INDEX ON knowledge_chunks (family_id)",
      k_other_family));
  add_chunks(database, 5);
  database.exec("ANALYZE knowledge_chunks");
  // A session's counts are there when it has ended.
  const auto plan_of = [&](const std::function<void()>& work) {
    database.exec("SELECT pg_stat_reset()");
    work();
    std::string counts;
    for (int tries = 0; tries < 100; ++tries) {
      counts = database.value("SELECT (idx_scan > 0)::text || ' ' || seq_scan"
                              " FROM pg_stat_user_tables WHERE relname = 'knowledge_chunks'");
      if (counts.starts_with("true"))
        break;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return counts;
  };
  CHECK(plan_of([&] { select_all(database, narrow_task()); }) == "true 0");
  const auto rows = select_all(database, narrow_task());
  CHECK(
      plan_of([&] {
        SleepingClock clock;
        pg::ColumnSink sink(Secret(database.url()), narrow_task(), clock);
        sink.write(chunk_of(rows));
      })
      == "true 0");
}

TEST_CASE("a text without an equivalent in UTF-8 is no UTF-8, and the others are read", "[pg]") {
  for (const char* encoding : {"WIN1252", "SQL_ASCII"}) {
    INFO(encoding);
    const TestDatabase database(fmt::format(
        "ENCODING '{}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0", encoding));
    make_tables(database);
    database.exec(fmt::format(
        "SET client_encoding = SQL_ASCII; INSERT INTO knowledge_chunks (id, family_id, content)"
        " SELECT ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, '{}',"
        " convert_from(c, getdatabaseencoding()::name) FROM (VALUES (1, 'pump'::bytea),"
        " (2, '\\x70c381'::bytea)) AS v (n, c)",
        k_family));
    auto rows = select_all(database, narrow_task());
    REQUIRE(rows.size() == 2);
    std::ranges::sort(rows, {}, &TakenRow::key);
    CHECK(rows[0].text == "pump");
    if (std::string_view(encoding) == "SQL_ASCII") {
      CHECK(rows[1].text == "p\xc3\x81"); // valid UTF-8, as it happens
    } else {
      CHECK(rows[1].text == "\xff");
    }
    SleepingClock clock;
    pg::ColumnSink sink(Secret(database.url()), narrow_task(), clock);
    CHECK(states_of(sink.write(chunk_of({rows[0]}))) == std::vector{RowState::written});
  }
}
