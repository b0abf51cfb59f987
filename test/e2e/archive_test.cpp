#include "e2e/json.hpp"
#include "e2e/world.hpp"
#include "support/catch.hpp"

namespace embedctl::e2e {

namespace {

// A run of five rows that the provider has finished.
struct Ended : World {
  std::string run_dir;

  Ended() {
    add_chunks(1, 1, 5);
    run_dir = submit(1);
    let_pass();
  }

  Outcome act(Arguments arguments) const {
    arguments.insert(arguments.end(), {"--run-dir", run_dir});
    return run(arguments);
  }
  bool has(const char* name) const { return fs::exists(batch_folder(run_dir) / name); }
  std::string state() const {
    return Json(content_of(batch_folder(run_dir) / "batch.json")).text("state");
  }
  fs::path output() const { return batch_folder(run_dir) / "output.jsonl.zst"; }
};

} // namespace

TEST_CASE("a finished batch is packed, and all commands go on with it", "[e2e]") {
  const Ended world;
  REQUIRE(world.act({"ingest"}).exit_code == 0);
  CHECK(world.state() == "archived");
  CHECK(world.has("input.jsonl.zst"));
  CHECK(world.has("output.jsonl.zst"));
  CHECK_FALSE(world.has("input.jsonl"));
  CHECK_FALSE(world.has("output.jsonl"));

  CHECK(world.act({"verify"}).exit_code == 0);
  CHECK(world.act({"status"}).exit_code == 0);
  CHECK(world.act({"ingest"}).exit_code == 0);
  CHECK(world.act({"run"}).exit_code == 0);
  CHECK(world.act({"submit"}).exit_code == 0);
  CHECK(world.run({"submit", "--family-id", family(1)}).exit_code == 0);

  world.database().exec("UPDATE knowledge_chunks SET embedding = NULL");
  CHECK(world.act({"verify"}).exit_code == 1);
  CHECK(world.act({"ingest", "--overwrite"}).exit_code == 0);
  CHECK(world.wrong_vectors() == 0);
  CHECK(world.act({"verify"}).exit_code == 0);
  CHECK(world.state() == "archived");
}

TEST_CASE("a request that is longer than any result is verified in either form", "[e2e]") {
  const World world;
  world.add_chunk(1, 1, std::string(5'000'000, 'a'));
  world.add_chunk(1, 2, "short");
  const std::string run_dir = world.submit(1);
  CHECK(world.run({"verify", "--run-dir", run_dir}).exit_code == 0);
  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 3); // too many tokens
  CHECK(fs::exists(batch_folder(run_dir) / "input.jsonl.zst"));
  CHECK(world.run({"verify", "--run-dir", run_dir}).exit_code == 0);
}

TEST_CASE("--keep-plain leaves the files as they are", "[e2e]") {
  const Ended world;
  REQUIRE(world.act({"ingest", "--keep-plain"}).exit_code == 0);
  CHECK(world.state() == "ingested");
  CHECK(world.has("output.jsonl"));
  CHECK_FALSE(world.has("output.jsonl.zst"));
  CHECK(world.act({"run"}).exit_code == 0);
  CHECK(world.state() == "archived");
}

TEST_CASE("a damaged archive is told, and fetched again when asked", "[e2e]") {
  const Ended world;
  REQUIRE(world.act({"ingest"}).exit_code == 0);
  const auto damage = GENERATE(0, 1, 2);
  const std::string whole = content_of(world.output());
  if (damage == 0)
    write_file(world.output(), whole.substr(0, whole.size() / 2));
  else if (damage == 1)
    write_file(world.output(), whole + whole);
  else
    fs::remove(world.output());

  const Outcome verify = world.act({"verify"});
  CHECK(verify.exit_code == 1);
  CHECK_THAT(verify.out + verify.err, ContainsSubstring("output.jsonl.zst"));
  const Outcome again = world.act({"ingest", "--overwrite"});
  CHECK(again.exit_code == 1);
  CHECK_THAT(again.err, ContainsSubstring("--redownload"));
  CHECK(world.state() == "archived");

  CHECK(world.act({"ingest", "--redownload"}).exit_code == 0);
  CHECK(world.state() == "archived");
  CHECK_FALSE(world.has("output.jsonl"));
  CHECK(world.act({"verify"}).exit_code == 0);
}

} // namespace embedctl::e2e
