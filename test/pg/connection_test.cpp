#include "pg/connection.hpp"

#include "pg/fixture.hpp"
#include "support/catch.hpp"
#include "support/raw_server.hpp"

using namespace embedctl;
using namespace embedctl::pg;
using test::TestDatabase;

TEST_CASE("a server that is not there is unreachable, and the password is not shown", "[pg]") {
  for (const char* url :
       {"postgresql://u:canary@/d?host=/nonexistent", "postgresql://u:canary@127.0.0.1:1/d"}) {
    const Error error = error_of([&] { Connection{Secret(url)}; });
    CHECK(error.kind() == ErrorKind::unreachable);
    CHECK_FALSE(error.hint().empty());
    CHECK_THAT(error.what() + error.hint(), !ContainsSubstring("canary"));
  }
}

TEST_CASE("a refused user or database is the server's word, with its SQLSTATE", "[pg]") {
  const TestDatabase database;
  const Error user =
      error_of([&] { Connection{Secret(database.url_for("nobody_here") + "password=canary")}; });
  CHECK(user.kind() == ErrorKind::database);
  CHECK(user.sqlstate == "28000");
  CHECK_THAT(user.what(), ContainsSubstring("nobody_here"));
  CHECK_THAT(user.hint(), ContainsSubstring("password"));
  CHECK_THAT(user.what() + user.hint(), !ContainsSubstring("canary"));

  const Error name = error_of([&] { Connection{Secret(database.url() + "dbname=not_there")}; });
  CHECK(name.kind() == ErrorKind::database);
  CHECK(name.sqlstate == "3D000");
  CHECK_THAT(name.what(), ContainsSubstring("not_there"));
}

TEST_CASE("a server that asks for a password it was not given is not called unreachable", "[pg]") {
  test::RawServer server([](test::RawConnection& connection) {
    connection.write(std::string_view("R\0\0\0\x08\0\0\0\x03", 9)); // a password in clear text
    connection.wait(std::chrono::seconds(10));
  });
  const std::string url = server.url();
  const Error error = error_of([&] {
    Connection{Secret(
        "host=127.0.0.1 user=u dbname=d sslmode=disable passfile=/nonexistent port="
        + url.substr(url.rfind(':') + 1))};
  });
  CHECK(error.kind() == ErrorKind::database);
  CHECK(error.sqlstate == "28P01");
  CHECK_THAT(error.what(), ContainsSubstring("asks for a password"));
  CHECK_THAT(error.hint(), ContainsSubstring("PGPASSWORD"));
}

TEST_CASE("a session says who it is, and speaks UTF-8", "[pg]") {
  const TestDatabase database;
  Connection connection{Secret(database.url())};
  CHECK(connection.run("SHOW application_name", "x").at(0, 0) == "embedctl");
  CHECK(connection.run("SHOW client_encoding", "x").at(0, 0) == "UTF8");
}

TEST_CASE("an error tells the server's message and not the row", "[pg]") {
  const TestDatabase database;
  database.exec(
      "CREATE TABLE t (a text NOT NULL, b text UNIQUE); INSERT INTO t VALUES ('', 'row')");
  Connection connection{Secret(database.url())};
  for (const char* sql :
       {"INSERT INTO t VALUES ('x', 'row')", "INSERT INTO t VALUES (NULL, 'row')"}) {
    const Error error = error_of([&] { connection.run(sql, "cannot insert"); });
    CHECK(error.kind() == ErrorKind::database);
    CHECK_THAT(error.what(), StartsWith("cannot insert: "));
    CHECK_THAT(error.what(), !ContainsSubstring("(row)") && !ContainsSubstring("null, row"));
  }
}

TEST_CASE("a session that the server ends is unreachable", "[pg]") {
  const TestDatabase database;
  Connection connection{Secret(database.url())};
  const Error error = error_of(
      [&] { connection.run("SELECT pg_terminate_backend(pg_backend_pid())", "cannot ask"); });
  CHECK(error.kind() == ErrorKind::unreachable);
  CHECK(
      error_of([&] { connection.run("SELECT 1", "cannot ask"); }).kind() == ErrorKind::unreachable);
  CHECK_FALSE(connection.alive());
}

TEST_CASE("a transaction that is not committed is rolled back", "[pg]") {
  const TestDatabase database;
  database.exec("CREATE TABLE t (a int)");
  Connection connection{Secret(database.url())};
  {
    Transaction transaction(connection, "BEGIN", "x");
    connection.run("INSERT INTO t VALUES (1)", "x");
  }
  {
    Transaction transaction(connection, "BEGIN", "x");
    connection.run("INSERT INTO t VALUES (2)", "x");
    transaction.commit("x");
  }
  CHECK(database.value("SELECT string_agg(a::text, ',') FROM t") == "2");
}

TEST_CASE("a commit that the server turns into a rollback is an error", "[pg]") {
  const TestDatabase database;
  Connection connection{Secret(database.url())};
  Transaction transaction(connection, "BEGIN", "x");
  CHECK_THROWS_AS(connection.run("SELECT 1/0", "x"), Error);
  CHECK(error_of([&] { transaction.commit("cannot commit"); }).kind() == ErrorKind::database);
}
