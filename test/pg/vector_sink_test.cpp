#include "pg/vector_sink.hpp"

#include "pg/fixture.hpp"
#include "support/catch.hpp"

using namespace embedctl;
using namespace embedctl::pg;
using test::TestDatabase;

namespace {

using States = std::vector<RowState>;

States write(const TestDatabase& database, const VectorChunk& chunk, bool overwrite = false) {
  SleepingClock clock;
  pg::VectorSink sink(
      Secret(database.url()), narrow_entity(), clock,
      {.overwrite = overwrite, .retry_timeout = {}});
  return sink.write(chunk);
}

} // namespace

TEST_CASE("a written vector is in its own row and nowhere else", "[pg]") {
  const TestDatabase database;
  make_tables(database);
  for (int n = 0; n < 600; ++n)
    add_chunk(database, n, "text " + std::to_string(n));
  const auto rows = select_all(database, narrow_entity());
  REQUIRE(rows.size() == 600);
  CHECK(write(database, chunk_of(rows)) == States(600, RowState::written));
  for (std::size_t i : {std::size_t{0}, std::size_t{249}, std::size_t{250}, std::size_t{599}})
    CHECK(
        database.value("SELECT embedding FROM knowledge_chunks WHERE id = '" + rows[i].key + "'")
        == "[1,2," + std::to_string(i) + "]");
}
