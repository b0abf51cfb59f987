#include "e2e/world.hpp"
#include "support/catch.hpp"

namespace embedctl::e2e {

TEST_CASE("a dry run needs no key and no network, and is sent by submit --run-dir", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 10);
  const Outcome dry = world.run(
      {"submit", "--family-id", family(1), "--dry-run", "--max-requests-per-batch", "4"},
      {{"OPENAI_API_KEY", ""}, {"OPENAI_BASE_URL", "https://127.0.0.1:1/v1"}});
  INFO(dry.out << dry.err);
  REQUIRE(dry.exit_code == 0);
  CHECK_THAT(dry.out, ContainsSubstring("nothing was sent"));
  const auto at = dry.out.find("--run-dir ") + 10;
  const std::string run_dir =
      (world.folder() / dry.out.substr(at, dry.out.find('\n', at) - at)).string();
  CHECK(lines_of(batch_folder(run_dir, 3) / "input.jsonl").size() == 2);
  CHECK(
      Json(world.run({"status", "--run-dir", run_dir, "--json"}).out).text("state") == "prepared");

  const Outcome sent = world.run({"submit", "--run-dir", run_dir, "--json"});
  REQUIRE(sent.exit_code == 0);
  CHECK(Json(sent.out).text("batches.2.state") == "submitted");
  CHECK(world.sandbox().batch_ids().size() == 3);

  const Outcome again = world.run({"submit", "--run-dir", run_dir});
  CHECK(again.exit_code == 0);
  CHECK(world.sandbox().batch_ids().size() == 3);
  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.wrong_vectors() == 0);
}

TEST_CASE("a dry run that is out of date is refused, and nothing is sent", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 4);
  const std::string run_dir = world.submit(1, {"--dry-run"});
  const auto check_stale = [&](const std::string& reason) {
    const Outcome outcome = world.run({"submit", "--run-dir", run_dir});
    INFO(outcome.err);
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.err, ContainsSubstring(reason));
    CHECK_THAT(outcome.err, ContainsSubstring("hint: make a new dry run"));
  };
  world.database().exec(
      "BEGIN; UPDATE knowledge_chunks SET content = 'new' WHERE id = '" + chunk(1) + "'; COMMIT");
  check_stale("1 of the 4 rows");
  world.database().exec("DELETE FROM knowledge_chunks WHERE id = '" + chunk(2) + "'");
  check_stale("2 of the 4 rows");
  CHECK(world.sandbox().batch_ids().empty());

  world.submit(1);
  check_stale("are already in flight (");
  CHECK(world.sandbox().batch_ids().size() == 1);
  world.let_pass();
}

TEST_CASE("rows in flight in one run are left out of the next submit", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 5);
  const std::string first = world.submit(1);
  world.add_chunks(1, 6, 2);
  const Outcome second = world.run({"submit", "--family-id", family(1), "--json"});
  CHECK(Json(second.out).number("rows_selected") == 2);
  CHECK(Json(second.out).number("rows_in_flight_elsewhere") == 5);
  const Outcome third = world.run({"submit", "--family-id", family(1)});
  CHECK(third.exit_code == 0);
  CHECK_THAT(third.out, ContainsSubstring("5 rows already in flight"));
  CHECK_THAT(third.out, ContainsSubstring(fs::path(first).filename().string()));
  world.let_pass();
  CHECK(world.sandbox().billed("requests") == 7);
  CHECK(world.sandbox().billed("billed_again") == 0);
}

TEST_CASE("a limit selects so many rows, and the rest comes with the next submit", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 5);
  CHECK(lines_of(batch_folder(world.submit(1, {"--limit", "2"})) / "input.jsonl").size() == 2);
  CHECK(lines_of(batch_folder(world.submit(1, {"--limit", "2"})) / "input.jsonl").size() == 2);
  CHECK(lines_of(batch_folder(world.submit(1, {"--limit", "2"})) / "input.jsonl").size() == 1);
}

TEST_CASE("an answer that is lost makes no second file and no second batch", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  world.sandbox().plan(R"({"endpoint": "POST /v1/files", "action": "drop_after"},
                          {"endpoint": "POST /v1/batches", "action": "drop_after"})");
  const std::string run_dir = world.submit(1);
  CHECK(world.sandbox().faults_fired() == 2);
  CHECK(world.sandbox().batch_ids().size() == 1);
  CHECK(Json(world.sandbox().get("/v1/files")).size("data") == 1);
  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.sandbox().billed("requests") == 3);
}

TEST_CASE("what a submit that failed half-way left is sent by submit --run-dir", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 6);
  world.sandbox().plan(
      R"({"endpoint": "POST /v1/files", "action": "status", "status": 400, "call": 2})");
  const Outcome failed = world.run(
      {"submit", "--family-id", family(1), "--max-requests-per-batch", "2", "--parallel", "1"});
  CHECK(failed.exit_code == 1);
  CHECK_THAT(failed.err, ContainsSubstring("HTTP 400"));
  const std::string run_dir = only_run(world, 1);
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 1);

  CHECK(world.run({"submit", "--run-dir", run_dir}).exit_code == 0);
  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.wrong_vectors() == 0);
  // Rows that the selection did not reach belong to no run, and to the next submit.
  world.run({"submit", "--family-id", family(1)});
  world.let_pass();
  CHECK(world.sandbox().billed("requests") == 6);
  CHECK(world.sandbox().billed("billed_again") == 0);
}

TEST_CASE("every submit of a family takes its own rows only", "[e2e]") {
  const World world;
  world.add_family(2);
  world.add_chunks(1, 1, 3);
  world.add_chunks(2, 11, 4);
  const std::string run_dir = world.submit(2);
  CHECK_THAT(run_dir, ContainsSubstring(family(2)));
  const auto lines = lines_of(batch_folder(run_dir) / "input.jsonl");
  REQUIRE(lines.size() == 4);
  const Json request(lines[0]);
  CHECK(request.text("method") == "POST");
  CHECK(request.text("url") == "/v1/embeddings");
  CHECK(request.text("body.model") == "text-embedding-3-small");
  CHECK(request.text("body.encoding_format") == "base64");
  CHECK(lines[0].find("dimensions") == std::string::npos); // it is the model's own width
}

} // namespace embedctl::e2e
