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
  return inspect(connection, task);
}

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
  check_refused(database, narrow_task(), "no table", "there is: app.knowledge_chunks");

  database.exec("ALTER TABLE app.knowledge_chunks SET SCHEMA public; DROP EXTENSION vector CASCADE;"
                "ALTER TABLE knowledge_chunks ADD embedding text");
  check_refused(database, narrow_task(), "no pgvector", "CREATE EXTENSION vector");
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
