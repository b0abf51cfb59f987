#include "e2e/world.hpp"
#include "support/catch.hpp"

// Mistakes in what is configured: a clear error with a hint, exit code 2, and nothing done.

namespace embedctl::e2e {

namespace {

const Arguments k_submit = {"submit", "--family-id", family(1)};

// Refused with that exit code and these words and a hint; no folder was made, nothing was sent and
// no row was touched.
void check_refused(
    const World& world,
    const Outcome& outcome,
    int exit_code,
    const std::string& message,
    const std::string& hint = "hint: ") {
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == exit_code);
  CHECK(outcome.out.empty());
  CHECK_THAT(outcome.err, StartsWith("embedctl: error: "));
  CHECK_THAT(outcome.err, ContainsSubstring(message));
  CHECK_THAT(outcome.err, ContainsSubstring(hint));
  CHECK_FALSE(fs::exists(world.folder() / "batches"));
  CHECK(world.sandbox().calls("POST /v1/files") == 0);
  CHECK(world.count("embedding IS NOT NULL") == 0);
}

} // namespace

TEST_CASE("what is missing from the environment is named", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);

  check_refused(world, world.run(k_submit, {{"DATABASE_URL", ""}}), 2, "DATABASE_URL is not set");
  check_refused(
      world, world.run({"run", "--family-id", family(1)}, {{"DATABASE_URL", ""}}), 2,
      "DATABASE_URL is not set");

  // Before the database is asked at all: it does not even exist.
  check_refused(
      world,
      world.run(
          k_submit,
          {{"OPENAI_API_KEY", ""}, {"DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none"}}),
      2, "OPENAI_API_KEY is not set");
  check_refused(
      world, world.run({"run", "--family-id", family(1)}, {{"OPENAI_API_KEY", ""}}), 2,
      "OPENAI_API_KEY is not set");
}

TEST_CASE("an empty variable does not hide the one in .env", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  write_file(world.folder() / ".env", "OPENAI_BASE_URL=" + world.sandbox().url() + "\n");
  auto command = world.command(k_submit);
  command.environment["OPENAI_BASE_URL"] = "";
  const Outcome outcome = test::Process(command).wait();
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(world.sandbox().calls("POST /v1/batches") == 1);
}

TEST_CASE("a misspelt variable is refused before anything is sent", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  check_refused(
      world, world.run(k_submit, {{"EMBEDCTL_BATCH_DIR", "elsewhere"}}), 2,
      "did you mean EMBEDCTL_BATCHES_DIR?");
}

TEST_CASE("a model that takes no width is sent none", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  const std::string run_dir = world.submit(1, {"--model", "text-embedding-ada-002"});
  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.count("embedding IS NOT NULL") == 3);
}

TEST_CASE("a model that the provider does not list is refused before anything is sent", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  Arguments misspelt = k_submit;
  misspelt.insert(misspelt.end(), {"--model", "text-embeding-3-small"});
  check_refused(
      world, world.run(misspelt), 2,
      "does not list the model \"text-embeding-3-small\"; did you mean text-embedding-3-small?",
      "--unlisted-model");
  misspelt.emplace_back("--unlisted-model");
  CHECK(world.run(misspelt).exit_code == 0);
  CHECK(world.sandbox().calls("POST /v1/batches") == 1);
}

TEST_CASE("a provider that lists no models is taken at its word", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  world.sandbox().plan(R"({"endpoint": "GET /v1/models", "action": "status", "status": 404})");
  CHECK(world.run({"submit", "--family-id", family(1), "--model", "another"}).exit_code == 0);
}

TEST_CASE("a database that cannot be reached is an error that keeps its password", "[e2e]") {
  const World world;
  const std::string password(k_password);
  const Outcome outcome =
      world.run(k_submit, {{"DATABASE_URL", "postgresql://me:" + password + "@127.0.0.1:1/none"}});
  check_refused(world, outcome, 6, "127.0.0.1");
  check_refused(
      world, world.run(k_submit, {{"DATABASE_URL", "postgresql://me:" + password + "@[bad"}}), 2,
      "DATABASE_URL");
}

TEST_CASE("a family must be a UUID and exist", "[e2e]") {
  const World world;
  check_refused(
      world, world.run({"submit", "--family-id", "pumps"}), 2, "\"pumps\" is not a valid UUID",
      "hint: a UUID looks like");
  check_refused(
      world, world.run({"submit", "--family-id", "pumps'; DROP TABLE knowledge_chunks"}), 2,
      "is not a valid UUID");
  check_refused(world, world.run({"submit", "--family-id", ""}), 2, "--family-id needs a value");
  check_refused(world, world.run({"submit"}), 2, "--family-id or --run-dir is required");
  check_refused(
      world, world.run({"submit", "--family-id", family(9)}), 2,
      "family " + family(9) + " does not exist", "equipment_families.id");
}

TEST_CASE("a family with nothing left says how many are done and makes no folder", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  world.database().exec("UPDATE knowledge_chunks SET embedding = array_fill(0.5, ARRAY[1536])"
                        "::vector");
  for (const char* verb : {"submit", "run"}) {
    const Outcome outcome = world.run({verb, "--family-id", family(1)});
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(outcome.out, ContainsSubstring("3 of 3"));
    CHECK_FALSE(fs::exists(world.folder() / "batches"));
  }
  world.add_family(2);
  const Outcome empty = world.run({"submit", "--family-id", family(2), "--json"});
  CHECK(empty.exit_code == 0);
  CHECK(Json(empty.out).number("rows_selected") == 0);
  CHECK_FALSE(fs::exists(world.folder() / "batches"));
}

TEST_CASE("numbers and choices out of range are refused before anything happens", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  const auto submit_with = [&](const std::string& option, const std::string& value) {
    return world.run({"submit", "--family-id", family(1), option, value});
  };
  check_refused(
      world, submit_with("--max-bytes-per-batch", "209715201"), 2, "--max-bytes-per-batch");
  check_refused(
      world, submit_with("--max-requests-per-batch", "50001"), 2, "--max-requests-per-batch");
  for (const char* option :
       {"--max-bytes-per-batch", "--max-requests-per-batch", "--dims", "--parallel"}) {
    check_refused(world, submit_with(option, "0"), 2, option);
    check_refused(world, submit_with(option, "-1"), 2, option);
    check_refused(world, submit_with(option, "many"), 2, option);
  }
  check_refused(world, submit_with("--limit", "-1"), 2, "--limit");
  check_refused(world, submit_with("--limit", "1.5"), 2, "--limit");
  check_refused(world, submit_with("--encoding", "hex"), 2, "--encoding");
  check_refused(world, submit_with("--no-such-option", "1"), 2, "--no-such-option");
  check_refused(world, world.run({"sbmit"}), 2, "did you mean submit?");
  check_refused(
      world, world.run({"submit", "--run-dir", "x", "--family-id", family(1)}), 2, "--run-dir");
}

TEST_CASE("a key goes over plain http to this machine only", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  check_refused(
      world, world.run(k_submit, {{"OPENAI_BASE_URL", "http://example.invalid/v1"}}), 2,
      "example.invalid", "--allow-insecure");
  check_refused(
      world, world.run(k_submit, {{"OPENAI_BASE_URL", "http://127.0.0.1.example.invalid/v1"}}), 2,
      "example.invalid", "--allow-insecure");
  check_refused(
      world, world.run(k_submit, {{"OPENAI_BASE_URL", "http://127.0.0.1@example.invalid/v1"}}), 2,
      "base URL");
  check_refused(
      world, world.run(k_submit, {{"OPENAI_BASE_URL", "example.invalid"}}), 2, "base URL");

  const Outcome allowed = world.run(
      {"submit", "--family-id", family(1), "--allow-insecure", "--retry-timeout", "0"},
      {{"OPENAI_BASE_URL", "http://example.invalid/v1"}});
  check_refused(world, allowed, 6, "example.invalid");
}

TEST_CASE("a key that the provider refuses costs no more than one request", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  world.sandbox().plan(R"({"endpoint": "*", "action": "status", "status": 401, "count": 0})");
  check_refused(world, world.run(k_submit), 1, "rejected the API key", "hint: check OPENAI_API_KEY");
  CHECK(world.sandbox().faults_fired() == 1);
}

TEST_CASE("an account without quota is not asked again", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  world.sandbox().plan(
      R"({"endpoint": "*", "action": "status", "status": 429, "count": 0, "body": {"error":
      {"message": "You exceeded your current quota.", "type": "insufficient_quota",
       "code": "insufficient_quota"}}})");
  check_refused(world, world.run(k_submit), 1, "insufficient_quota", "hint: add credit");
  CHECK(world.sandbox().faults_fired() == 1);
}

TEST_CASE("a run without quota for a batch keeps what it wrote, to be sent later", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  world.sandbox().plan(
      R"({"endpoint": "POST /v1/batches", "action": "status", "status": 429, "count": 0, "body":
      {"error": {"message": "You exceeded your current quota.", "type": "insufficient_quota",
       "code": "insufficient_quota"}}})");
  const Outcome refused = world.run(k_submit);
  CHECK(refused.exit_code == 1);
  CHECK(world.sandbox().calls("POST /v1/batches") == 1);
  CHECK(world.sandbox().batch_ids().empty());

  // No second run for the same rows: these belong to the first one.
  const Outcome again = world.run({"submit", "--family-id", family(1), "--json"});
  CHECK(Json(again.out).number("rows_in_flight_elsewhere") == 3);

  world.sandbox().plan("");
  CHECK(world.run({"submit", "--run-dir", only_run(world, 1)}).exit_code == 0);
  CHECK(world.sandbox().batch_ids().size() == 1);
  CHECK(world.sandbox().calls("POST /v1/files") == 1);
}

} // namespace embedctl::e2e
