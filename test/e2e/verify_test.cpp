#include "e2e/json.hpp"
#include "e2e/world.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

namespace embedctl::e2e {

namespace {

// A run of five rows that all have their vectors.
struct Ingested : World {
  std::string run_dir;

  Ingested() {
    add_chunks(1, 1, 5);
    run_dir = submit(1);
    let_pass();
    REQUIRE(run({"ingest", "--run-dir", run_dir, "--keep-plain"}).exit_code == 0);
  }

  Outcome verify(const Arguments& more = {}) const {
    Arguments arguments = {"verify", "--run-dir", run_dir};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  void change(const std::string& assignment, int from, int to) const {
    database().exec(fmt::format(
        "UPDATE knowledge_chunks SET {} WHERE id BETWEEN '{}' AND '{}'", assignment, chunk(from),
        chunk(to)));
  }
  static std::string vector_of(int n) {
    return fmt::format(
        "embedding = (SELECT embedding FROM knowledge_chunks WHERE id = '{}')", chunk(n));
  }
};

} // namespace

TEST_CASE("verify compares a run with its files and the database", "[e2e]") {
  const Ingested world;
  const Outcome verify = world.verify();
  CHECK(verify.exit_code == 0);
  CHECK_THAT(verify.out, ContainsSubstring("5 rows compared with the database\n"));
  CHECK_THAT(verify.out, ContainsSubstring("verified: records match\n"));
}

TEST_CASE("verify counts rows edited or deleted since, whatever vector they hold", "[e2e]") {
  const Ingested world;
  world.change("content = 'edited'", 1, 3);
  const Outcome edited = world.verify();
  CHECK(edited.exit_code == 0);
  CHECK_THAT(edited.out, ContainsSubstring("3 rows edited or deleted since\nverified"));

  world.change("embedding = NULL", 1, 1);
  world.change(world.vector_of(5), 2, 2);
  world.database().exec(
      fmt::format("DELETE FROM knowledge_chunks WHERE id = '{}'", chunk(4)));
  const Outcome all = world.verify({"--json"});
  CHECK(all.exit_code == 0);
  CHECK(Json(all.out).number("rows_checked") == 5);
  CHECK(Json(all.out).number("rows_changed_since") == 4);
}

TEST_CASE("verify finds rows without their vector", "[e2e]") {
  const Ingested world;
  world.change("embedding = NULL", 1, 1);
  const Outcome one = world.verify();
  CHECK(one.exit_code == 1);
  CHECK_THAT(
      one.out, ContainsSubstring("problem: batch 001: 1 row recorded as written has no vector\n"));
  CHECK_THAT(one.out, ContainsSubstring("\nverification failed\n"));

  world.change("embedding = NULL", 2, 2);
  world.change(world.vector_of(5), 3, 3);
  const Outcome more = world.verify();
  CHECK(more.exit_code == 1);
  CHECK_THAT(more.out, ContainsSubstring("2 rows recorded as written have no vector\n"));
  CHECK_THAT(more.out, ContainsSubstring("1 row recorded as written has a different vector\n"));
}

TEST_CASE("verify lists what is wrong with the files of every batch", "[e2e]") {
  const Ingested world;
  fs::remove(batch_folder(world.run_dir) / "input.jsonl");
  write_file(batch_folder(world.run_dir) / "output.jsonl", "");
  const Outcome verify = world.verify({"--json"});
  CHECK(verify.exit_code == 1);
  CHECK(Json(verify.out).at("holds").as_bool() == false);
  CHECK_THAT(verify.out, ContainsSubstring("batch 001: input.jsonl is missing"));
  CHECK_THAT(verify.out, ContainsSubstring("5 rows recorded as written have no result"));
}

} // namespace embedctl::e2e
