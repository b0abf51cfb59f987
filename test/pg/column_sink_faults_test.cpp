#include "pg/column_sink.hpp"
#include "pg/fixture.hpp"
#include "pg/lossy_proxy.hpp"
#include "support/catch.hpp"
#include "support/fake_progress.hpp"

#include <fmt/format.h>

using namespace embedctl;
using namespace embedctl::pg;
using namespace std::chrono_literals;
using test::TestDatabase;

namespace {

using States = std::vector<RowState>;

std::vector<TakenRow> make_rows(const TestDatabase& database, int count) {
  for (int n = 0; n < count; ++n)
    add_chunk(database, n, fmt::format("text {}", n));
  return select_all(database, narrow_task());
}

// `action` happens the first `times` times that a row is updated, in the writing session. It counts
// by a sequence, because that is not rolled back.
void on_update(
    const TestDatabase& database, int times, const std::string& action, bool at_commit = false) {
  database.exec(fmt::format(
      "CREATE SEQUENCE updates;"
      "CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS"
      " $$ BEGIN IF nextval('updates') <= {} THEN {}; END IF; RETURN NEW; END $$;"
      "CREATE CONSTRAINT TRIGGER act AFTER UPDATE ON knowledge_chunks {}"
      " FOR EACH ROW EXECUTE FUNCTION act()",
      times, action, at_commit ? "DEFERRABLE INITIALLY DEFERRED" : ""));
}

constexpr const char* k_die = "PERFORM pg_terminate_backend(pg_backend_pid())";

std::string filled(const TestDatabase& database) {
  return database.value("SELECT count(embedding) FROM knowledge_chunks");
}

} // namespace

TEST_CASE("a session that dies in the middle of a chunk is replaced", "[pg]") {
  for (const bool at_commit : {false, true}) {
    const TestDatabase database;
    make_tables(database);
    const auto rows = make_rows(database, 300);
    on_update(database, 2, k_die, at_commit);
    SleepingClock clock;
    pg::ColumnSink sink(Secret(database.url()), narrow_task(), clock);
    CHECK(states_of(sink.write(chunk_of(rows))) == States(300, RowState::written));
    CHECK(clock.sleeps == 2);
    CHECK(filled(database) == "300");
  }
}

TEST_CASE("a chunk whose commit was not answered counts as written", "[pg]") {
  for (const bool overwrite : {false, true}) {
    const TestDatabase database;
    make_tables(database);
    const auto rows = make_rows(database, 3);
    if (!LossyProxy::can_reach(database.url())) {
      WARN("the server has no Unix socket: not tested");
      return;
    }
    LossyProxy proxy(database.url(), 2);
    SleepingClock clock;
    clock.on_sleep = [&] { CHECK(filled(database) == "3"); };
    pg::ColumnSink sink(Secret(proxy.url()), narrow_task(), clock, {.overwrite = overwrite});
    CHECK(states_of(sink.write(chunk_of(rows))) == States(3, RowState::written));
    CHECK(proxy.swallowed() == 2);
    CHECK(clock.sleeps == 2);
  }
}

TEST_CASE("a session that dies between two chunks is replaced", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const auto rows = make_rows(database, 2);
  SleepingClock clock;
  pg::ColumnSink sink(Secret(database.url()), narrow_task(), clock);
  CHECK(states_of(sink.write(chunk_of({rows[0]}))) == States{RowState::written});
  database.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'embedctl'");
  CHECK(states_of(sink.write(chunk_of({rows[1]}))) == States{RowState::written});
}

TEST_CASE("conflicts of the server are tried again, and other errors are not", "[pg]") {
  for (const char* sqlstate : {"40001", "40P01", "57P03"}) {
    const TestDatabase database;
    make_tables(database);
    const auto rows = make_rows(database, 1);
    on_update(database, 1, fmt::format("RAISE EXCEPTION 'x' USING ERRCODE = '{}'", sqlstate));
    SleepingClock clock;
    pg::ColumnSink sink(Secret(database.url()), narrow_task(), clock);
    CHECK(states_of(sink.write(chunk_of(rows))) == States{RowState::written});
    CHECK(clock.sleeps == 1);
  }
  const TestDatabase database;
  make_tables(database);
  const auto rows = make_rows(database, 1);
  on_update(database, 1, "RAISE EXCEPTION 'x' USING ERRCODE = 'disk_full'");
  SleepingClock clock;
  pg::ColumnSink sink(Secret(database.url()), narrow_task(), clock);
  const Error error = error_of([&] { sink.write(chunk_of(rows)); });
  CHECK(error.kind() == ErrorKind::database);
  CHECK_THAT(error.hint(), ContainsSubstring("disk is full"));
  CHECK(clock.sleeps == 0);
  CHECK(states_of(sink.write(chunk_of(rows))) == States{RowState::written}); // the sink is of use again
}

TEST_CASE("retries end after their time with the last reason and their number", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const auto rows = make_rows(database, 1);
  on_update(database, 1000, "RAISE EXCEPTION 'busy' USING ERRCODE = '40001'");
  SleepingClock clock;
  pg::ColumnSink sink(
      Secret(database.url()), narrow_task(), clock, {.overwrite = false, .retry_timeout = 60s});
  const Error error = error_of([&] { sink.write(chunk_of(rows)); });
  CHECK(error.kind() == ErrorKind::unreachable);
  CHECK(error.sqlstate == "40001");
  CHECK_THAT(error.what(), ContainsSubstring("40001 (tried "));
  CHECK(clock.steady().time_since_epoch() <= 60s);
  CHECK(clock.steady().time_since_epoch() > 40s);
  CHECK(filled(database) == "0");
}

TEST_CASE("a server that stays away is unreachable, and the password is not shown", "[pg]") {
  SleepingClock clock;
  test::FakeProgress progress;
  pg::ColumnSinkOptions options;
  options.progress = &progress;
  pg::ColumnSink sink(
      Secret("postgresql://u:canary@/d?host=/nonexistent"), narrow_task(), clock, options);
  const Error error = error_of([&] { sink.write(chunk_of({{chunk_id(0), "text", {}}})); });
  CHECK(error.kind() == ErrorKind::unreachable);
  CHECK(clock.sleeps > 10);
  CHECK_THAT(error.what() + error.hint(), !ContainsSubstring("canary"));
  REQUIRE(progress.notes.size() == static_cast<std::size_t>(clock.sleeps));
  CHECK_THAT(progress.notes[1], ContainsSubstring("retrying in 0.2 s"));
  for (const std::string& note : progress.notes)
    CHECK_THAT(note, !ContainsSubstring("canary"));
}

TEST_CASE("being asked to stop ends the retries", "[pg]") {
  SleepingClock clock;
  clock.on_sleep = [] { throw Error(ErrorKind::interrupted, "stopped"); };
  pg::ColumnSink sink(Secret("host=/nonexistent"), narrow_task(), clock);
  const Error error = error_of([&] { sink.write(chunk_of({{chunk_id(0), "text", {}}})); });
  CHECK(error.kind() == ErrorKind::interrupted);
  CHECK(clock.sleeps == 1);
}
