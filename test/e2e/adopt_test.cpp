#include "e2e/world.hpp"
#include "support/catch.hpp"

// A database that was renamed, upgraded or restored while a run was in flight. A second database
// with the same rows stands in for it.

namespace embedctl::e2e {

namespace {

struct Restored {
  Restored() {
    before.add_chunks(1, 1, 20);
    run_dir = before.submit(1);
    after.add_chunks(1, 1, 20);
  }

  Outcome run(const Arguments& arguments) const {
    return before.run(arguments, {{"DATABASE_URL", after.database().url()}});
  }

  World before;
  World after;
  std::string run_dir;
};

} // namespace

TEST_CASE("a run of another database stops the submit of its rows by name", "[e2e]") {
  const Restored world;
  for (const Arguments& arguments :
       {Arguments{"submit", "--family-id", family(1)}, Arguments{"run", "--family-id", family(1)},
        Arguments{"run", "--family-id", family(1), "--once", "--quiet"}}) {
    const Outcome outcome = world.run(arguments);
    INFO(outcome.out << outcome.err);
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.err, ContainsSubstring("belongs to database"));
    CHECK_THAT(outcome.err, ContainsSubstring("embedctl adopt --run-dir"));
  }
  CHECK(world.before.sandbox().batch_ids().size() == 1);
  // Another folder is another ledger of what is in flight.
  CHECK(world.run({"submit", "--family-id", family(1), "--batches-dir", "other"}).exit_code == 0);
}

TEST_CASE("an adopted run is finished in the new database, and nothing is bought again", "[e2e]") {
  const Restored world;
  const Outcome adopted = world.run({"adopt", "--run-dir", world.run_dir});
  INFO(adopted.out << adopted.err);
  CHECK(adopted.exit_code == 0);
  CHECK_THAT(adopted.out, ContainsSubstring("20 of 20 rows in flight"));
  world.before.let_pass();
  CHECK(world.run({"run", "--family-id", family(1)}).exit_code == 0);
  CHECK(world.after.count("embedding IS NOT NULL") == 20);
  CHECK(world.after.wrong_vectors() == 0);
  CHECK(world.before.sandbox().billed("requests") == 20);
  CHECK(world.before.sandbox().billed("billed_again") == 0);
  CHECK(world.run({"verify", "--run-dir", world.run_dir}).exit_code == 0);

  const Outcome again = world.run({"adopt", "--run-dir", world.run_dir});
  CHECK(again.exit_code == 2);
  CHECK_THAT(again.err, ContainsSubstring("is finished"));
}

TEST_CASE("a run is adopted by no database that lacks its rows", "[e2e]") {
  const Restored world;
  world.after.database().exec(
      "UPDATE knowledge_chunks SET content = 'edited' WHERE id <> '" + chunk(1) + "'");
  const auto files = files_below(world.run_dir);
  const Outcome outcome = world.run({"adopt", "--run-dir", world.run_dir});
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 2);
  CHECK_THAT(outcome.err, ContainsSubstring("only 1 of the 20 rows"));
  CHECK(files_below(world.run_dir) == files);

  const Outcome own = world.before.run({"adopt", "--run-dir", world.run_dir});
  CHECK(own.exit_code == 2);
  CHECK_THAT(own.err, ContainsSubstring("already"));
}

} // namespace embedctl::e2e
