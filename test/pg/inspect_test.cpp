#include "pg/inspect.hpp"

#include "pg/connection.hpp"
#include "pg/fixture.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

using namespace embedctl;
using namespace embedctl::pg;
using test::TestDatabase;

namespace {

TableShape inspect_as(const std::string& url, const Task& task) {
  Connection connection{Secret(url)};
  return require(inspect(connection, task));
}

// "SQLSTATE what" of each finding, in order.
std::vector<std::string> findings_of(const std::string& url, const Task& task) {
  Connection connection{Secret(url)};
  std::vector<std::string> findings;
  for (const Finding& finding : inspect(connection, task).findings) {
    CHECK(finding.level == Finding::Level::error);
    CHECK_FALSE(finding.hint.empty());
    findings.push_back(finding.sqlstate + " " + finding.what);
  }
  return findings;
}

using Findings = std::vector<std::string>;

void check_refused(
    const TestDatabase& database,
    const Task& task,
    const std::string& message,
    const std::string& hint) {
  const Error error = error_of([&] { inspect_as(database.url(), task); });
  CHECK(error.kind() == ErrorKind::database);
  CHECK_THAT(error.what(), ContainsSubstring(message));
  CHECK_THAT(error.hint(), ContainsSubstring(hint));
}

} // namespace

TEST_CASE("vector and halfvec columns of the right width are taken", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  for (const char* type : {"vector(3)", "vector", "halfvec(3)", "halfvec"}) {
    database.exec(fmt::format("ALTER TABLE knowledge_chunks ALTER embedding TYPE {}", type));
    const TableShape shape = inspect_as(database.url(), narrow_task());
    CHECK(shape.key_type == "uuid");
    CHECK(shape.as_target == (type[0] == 'h' ? "::public.halfvec" : ""));
  }
}

TEST_CASE("a column of another type or width is refused by name", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"vector(768)", "is vector(768), but the embeddings have 3", "--dims 768"},
      {"halfvec(768)", "is halfvec(768), but the embeddings have 3", "--dims 768"},
      {"sparsevec(3)", "is of type sparsevec(3)", "vector or halfvec"},
      {"real[]", "is of type real[]", "vector or halfvec"},
      {"text", "is of type text", "vector or halfvec"},
  };
  for (const auto& [type, message, hint] : cases) {
    database.exec("ALTER TABLE knowledge_chunks DROP embedding");
    database.exec(fmt::format("ALTER TABLE knowledge_chunks ADD embedding {}", type));
    check_refused(database, narrow_task(), message, hint);
  }
}

TEST_CASE("a type that is only called vector is not taken for pgvector's", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  database.exec("CREATE SCHEMA mine; CREATE DOMAIN mine.vector AS vector(3);"
                "ALTER TABLE knowledge_chunks ALTER embedding TYPE mine.vector");
  check_refused(database, narrow_task(), "is of type mine.vector", "vector or halfvec");
}

TEST_CASE("a missing table, column or pgvector is named, with what is there", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  Task task = narrow_task();
  task.rows.text_column = "contents";
  check_refused(database, task, "no column \"contents\"", "id, family_id, content, embedding");

  task = narrow_task();
  task.rows.table = "knowledge_chunk";
  check_refused(database, task, "no table \"knowledge_chunk\"", "DATABASE_URL");

  task = narrow_task();
  task.scopes.key_column = "family";
  check_refused(database, task, "\"equipment_families\" has no column \"family\"", "id");

  database.exec("CREATE SCHEMA app; ALTER TABLE knowledge_chunks SET SCHEMA app");
  check_refused(database, narrow_task(), "no table", "did you mean app.knowledge_chunks?");

  database.exec("ALTER TABLE app.knowledge_chunks SET SCHEMA public; DROP EXTENSION vector CASCADE;"
                "ALTER TABLE knowledge_chunks ADD embedding text");
  check_refused(
      database, narrow_task(), "pgvector is not installed in this database",
      "CREATE EXTENSION vector");
}

TEST_CASE("a key whose text does not lead back to it is refused", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  database.exec("ALTER TABLE knowledge_chunks DROP id;"
                "ALTER TABLE knowledge_chunks ADD id timestamptz");
  check_refused(database, narrow_task(), "is of type timestamp", "uuid");
}

TEST_CASE("a view is taken only where its column can be updated", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  database.exec("CREATE VIEW plain AS SELECT * FROM knowledge_chunks;"
                "CREATE VIEW grouped AS SELECT DISTINCT * FROM knowledge_chunks;"
                "CREATE MATERIALIZED VIEW stored AS SELECT * FROM knowledge_chunks");
  Task task = narrow_task();
  task.rows.table = "plain";
  CHECK_NOTHROW(inspect_as(database.url(), task));
  for (const char* view : {"grouped", "stored"}) {
    task.rows.table = view;
    check_refused(database, task, "cannot be updated", "the table below");
  }
}

TEST_CASE("a missing privilege is found before anything is paid for", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const std::string role = "reader_of_" + database.value("SELECT current_database()");
  database.exec(fmt::format(
      "CREATE ROLE {0} LOGIN; GRANT SELECT ON equipment_families TO {0};"
      "GRANT SELECT (id, family_id, embedding) ON knowledge_chunks TO {0}",
      role));
  const auto refusal = [&] {
    return error_of([&] { inspect_as(database.url_for(role), narrow_task()); });
  };
  CHECK_THAT(refusal().what(), ContainsSubstring("read column \"content\""));
  database.exec(fmt::format("GRANT SELECT ON knowledge_chunks TO {}", role));
  CHECK_THAT(refusal().what(), ContainsSubstring("update column \"embedding\""));
  CHECK(refusal().sqlstate == "42501");
  database.exec(fmt::format("GRANT UPDATE (embedding) ON knowledge_chunks TO {}", role));
  CHECK_NOTHROW(inspect_as(database.url_for(role), narrow_task()));
  database.exec(fmt::format("DROP OWNED BY {0}; DROP ROLE {0}", role));
}

TEST_CASE("all that is wrong with a table is found at once", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  const std::string role = "reader_of_" + database.value("SELECT current_database()");
  database.exec(fmt::format(
      "ALTER TABLE knowledge_chunks ALTER embedding TYPE vector(4), DROP id;"
      "ALTER TABLE knowledge_chunks ADD id timestamptz;"
      "CREATE ROLE {0} LOGIN; GRANT SELECT (id, family_id, embedding) ON knowledge_chunks TO {0}",
      role));
  const Error first = error_of([&] { inspect_as(database.url_for(role), narrow_task()); });
  CHECK(first.kind() == ErrorKind::database);
  CHECK(first.sqlstate == "42804");
  CHECK_THAT(first.what(), StartsWith("key column \"id\""));
  CHECK(
      findings_of(database.url_for(role), narrow_task())
      == Findings{
          "42804 key column \"id\" of \"knowledge_chunks\" is of type timestamp with time zone",
          "42804 column \"embedding\" of \"knowledge_chunks\" is vector(4), but the embeddings"
          " have 3 numbers",
          "42501 no permission to read column \"content\" of \"knowledge_chunks\"",
          "42501 no permission to read column \"id\" of \"equipment_families\"",
          "42501 no permission to update column \"embedding\" of \"knowledge_chunks\""});
  database.exec(fmt::format("DROP OWNED BY {0}; DROP ROLE {0}", role));
}

TEST_CASE("what is missing hides nothing that can still be found", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  Task task = narrow_task();
  task.rows.key_column = "key";
  task.rows.text_column = "text";
  task.scopes.table = "families";
  database.exec("CREATE VIEW grouped AS SELECT DISTINCT * FROM knowledge_chunks");
  task.rows.table = "grouped";
  const std::string name = database.value("SELECT current_database()");
  CHECK(
      findings_of(database.url(), task)
      == Findings{
          "42703 table \"grouped\" has no column \"key\"",
          "42703 table \"grouped\" has no column \"text\"",
          "42P01 there is no table \"families\" in database \"" + name + "\"",
          "55000 column \"embedding\" of \"grouped\" cannot be updated: it is a view"});

  database.exec("DROP EXTENSION vector CASCADE; ALTER TABLE knowledge_chunks ADD embedding text");
  task = narrow_task();
  task.scopes.key_column = "name";
  CHECK(
      findings_of(database.url(), task)
      == Findings{
          "42703 table \"equipment_families\" has no column \"name\"",
          "42704 pgvector is not installed in this database",
          "42804 column \"embedding\" of \"knowledge_chunks\" is of type text"});

  task.rows.table = "chunks";
  CHECK(findings_of(database.url(), task).size() == 3);
}

TEST_CASE("a table that can take part has no findings", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  CHECK(findings_of(database.url(), narrow_task()) == Findings{});
}
