#include "pg/fixture.hpp"

#include "entities/built_in.hpp"

#include "support/catch.hpp"

#include <fmt/format.h>

namespace embedctl::pg {

std::string chunk_id(int n) {
  return fmt::format("10000000-0000-4000-8000-{:012d}", n);
}

Task narrow_task() {
  Task task = entities::built_in_task();
  task.request.dims = 3;
  return task;
}

void make_tables(const test::TestDatabase& database, std::string_view target_type) {
  database.exec(fmt::format(
      "CREATE TABLE equipment_families (id uuid PRIMARY KEY);"
      "CREATE TABLE knowledge_chunks (id uuid PRIMARY KEY, family_id uuid NOT NULL"
      " REFERENCES equipment_families, content text, embedding {});"
      "INSERT INTO equipment_families VALUES ('{}'), ('{}')",
      target_type, k_family, k_other_family));
}

void add_chunk(const test::TestDatabase& database, int n, std::string_view text) {
  database.exec(fmt::format(
      "INSERT INTO knowledge_chunks VALUES ('{}', '{}', $text${}$text$)", chunk_id(n), k_family,
      text));
}

std::vector<TakenRow> select_all(const test::TestDatabase& database, const Task& task) {
  std::vector<TakenRow> rows;
  TableSource source(Secret(database.url()), task);
  source.select({.rows = RowsOfScope{k_family}, .limit = {}, .in_flight = {}}, [&](const SourceRow& row) {
    rows.push_back({std::string(row.key), std::string(row.text), row.fingerprint});
  });
  return rows;
}

AnswerChunk chunk_of(const std::vector<TakenRow>& rows) {
  AnswerChunk chunk;
  chunk.dims = 3;
  float number = 0;
  for (const TakenRow& row : rows)
    chunk.add(row.key, row.fingerprint, std::vector<float>{1, 2, number++});
  return chunk;
}

std::vector<RowState> states_of(const std::vector<RowOutcome>& outcomes) {
  std::vector<RowState> states;
  for (const RowOutcome& outcome : outcomes)
    states.push_back(outcome.state);
  return states;
}

Error error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  FAIL("no error was thrown");
  throw std::logic_error("not reached");
}

} // namespace embedctl::pg
