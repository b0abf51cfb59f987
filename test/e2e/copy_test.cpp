#include "e2e/world.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

// Run folders that were copied, and records that were put back: what exists at the provider is not
// created again.

namespace embedctl::e2e {

namespace {

// A run of two batches whose sending was interrupted: the first create is refused.
std::string interrupted(const World& world) {
  world.add_chunks(1, 1, 4);
  world.sandbox().plan(
      R"({"endpoint": "POST /v1/batches", "action": "status", "status": 400, "count": 0})");
  CHECK(
      world.run({"submit", "--family-id", family(1), "--max-requests-per-batch", "2"}).exit_code
      == 1);
  world.sandbox().plan("");
  return only_run(world, 1);
}

void copy_folder(const fs::path& from, const fs::path& to) {
  fs::copy(from, to, fs::copy_options::recursive);
}

void check_bought_once(const World& world) {
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK(world.wrong_vectors() == 0);
  CHECK(world.sandbox().batch_ids().size() == 2);
  CHECK(world.sandbox().billed("requests") == 4);
  CHECK(world.sandbox().billed("billed_again") == 0);
}

} // namespace

TEST_CASE("of a run folder and its copy, none is sent while both are there", "[e2e]") {
  const World world;
  const std::string run_dir = interrupted(world);
  const std::string backup = run_dir + ".backup";
  copy_folder(run_dir, backup);
  for (const Arguments& arguments :
       {Arguments{"submit", "--run-dir", run_dir}, Arguments{"submit", "--run-dir", backup},
        Arguments{"run", "--run-dir", backup, "--once"},
        Arguments{"run", "--family-id", family(1), "--once"},
        Arguments{"submit", "--family-id", family(1)}}) {
    const Outcome outcome = world.run(arguments);
    INFO(arguments[0] << " " << arguments[2] << "\n" << outcome.out << outcome.err);
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.err, ContainsSubstring("are the same run"));
    CHECK_THAT(outcome.err, ContainsSubstring(".backup\" out of the batches folder"));
  }
  CHECK(world.sandbox().batch_ids().empty());

  fs::rename(backup, world.folder() / "away");
  CHECK(world.run({"run", "--run-dir", run_dir, "--once"}).exit_code == 4);
  world.let_pass();
  CHECK(world.run({"run", "--run-dir", run_dir, "--once"}).exit_code == 0);
  check_bought_once(world);
}

TEST_CASE("a copy in another place continues with the batches that exist", "[e2e]") {
  const World world;
  const std::string run_dir = interrupted(world);
  const fs::path elsewhere = world.folder() / "elsewhere" / family(1) / "run_20200101_000000";
  fs::create_directories(elsewhere.parent_path());
  copy_folder(run_dir, elsewhere);
  CHECK(world.run({"submit", "--run-dir", run_dir}).exit_code == 0);
  const Outcome outcome = world.run({"submit", "--run-dir", elsewhere.string()});
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.err, ContainsSubstring("exists at the provider already"));
  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", elsewhere.string()}).exit_code == 0);
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  check_bought_once(world);
}

TEST_CASE("an older batch.json that is put back creates no second batch", "[e2e]") {
  const World world;
  const std::string run_dir = interrupted(world);
  const fs::path record = batch_folder(run_dir, 2) / "batch.json";
  const std::string older = content_of(record);
  CHECK(world.run({"submit", "--run-dir", run_dir}).exit_code == 0);
  const bool has_ended = GENERATE(false, true);
  if (has_ended) {
    world.let_pass();
    CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  }
  write_file(record, older);
  const Outcome outcome = world.run({"submit", "--run-dir", run_dir});
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 0);
  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  check_bought_once(world);
}

TEST_CASE("a record from before a batch was sent again creates no third one", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 4);
  world.sandbox().plan(
      R"({"endpoint": "POST /v1/batches", "action": "fail_validation", "code": "token_limit_exceeded"})");
  const std::string run_dir = world.submit(1);
  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 1);
  const fs::path record = batch_folder(run_dir) / "batch.json";
  const std::string older = content_of(record);
  CHECK(world.run({"submit", "--run-dir", run_dir}).exit_code == 0);
  write_file(record, older);
  CHECK(world.run({"submit", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.sandbox().batch_ids().size() == 2);
  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK(world.sandbox().billed("requests") == 4);
}

} // namespace embedctl::e2e
