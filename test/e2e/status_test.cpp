#include "e2e/world.hpp"
#include "support/catch.hpp"

namespace embedctl::e2e {

TEST_CASE("status shows a table of all batches and the totals of the run", "[e2e]") {
  const World world(
      {"--frozen-clock", "--validating-seconds", "0", "--in-progress-seconds", "100"});
  world.add_chunks(1, 1, 20);
  const std::string run_dir = world.submit(1, {"--max-requests-per-batch", "10"});
  world.let_pass(50);
  const auto before = files_below(run_dir);
  const Outcome status = world.run({"status", "--run-dir", run_dir});
  INFO(status.out);
  CHECK(status.exit_code == 0);
  CHECK(status.err.empty());
  CHECK_THAT(status.out, StartsWith("BATCH"));
  for (const std::string& id : world.sandbox().batch_ids())
    CHECK_THAT(status.out, ContainsSubstring(id));
  CHECK_THAT(status.out, ContainsSubstring("in_progress"));
  CHECK_THAT(status.out, ContainsSubstring("EXPIRES IN"));
  CHECK_THAT(status.out, ContainsSubstring("20 rows selected: 20 pending"));
  CHECK(files_below(run_dir) == before);

  const Outcome json = world.run({"status", "--run-dir", run_dir, "--json"});
  const Json answer(json.out);
  CHECK(answer.text("state") == "in_flight");
  CHECK(answer.number("batches.1.number") == 2);
  CHECK(answer.number("batches.1.request_counts.total") == 10);
  CHECK(answer.number("batches.1.request_counts.completed") == 5);
  CHECK(answer.number("batches.1.request_counts.failed") == 0);
  CHECK(answer.number("rows.pending") == 20);
}

TEST_CASE("--update-json stores the provider's answers, and only then", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 4);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  const fs::path record = batch_folder(run_dir) / "batch.json";
  world.run({"status", "--run-dir", run_dir});
  CHECK(Json(content_of(record)).text("state") == "submitted");
  CHECK(world.run({"status", "--run-dir", run_dir, "--update-json"}).exit_code == 0);
  const Json stored(content_of(record));
  CHECK(stored.text("state") == "ended");
  CHECK(stored.text("provider.status") == "completed");
  CHECK(stored.number("provider.request_counts.completed") == 4);
  CHECK(stored.text("provider.answer.object") == "batch");
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
}

TEST_CASE("--exit-code tells scripts whether to come again", "[e2e]") {
  const World world({"--frozen-clock", "--fail-every", "3"});
  world.add_chunks(1, 1, 4);
  world.add_family(2);
  world.add_chunks(2, 11, 2);
  const std::string failing = world.submit(1);
  const std::string clean = world.submit(2);
  const auto ask = [&](const std::string& run_dir) {
    return world.run({"status", "--run-dir", run_dir, "--exit-code"}).exit_code;
  };
  CHECK(ask(failing) == 4);
  world.let_pass();
  CHECK(ask(clean) == 4);
  world.run({"ingest", "--run-dir", failing});
  world.run({"ingest", "--run-dir", clean});
  CHECK(ask(failing) == 3);
  CHECK(ask(clean) == 0);
  CHECK(world.run({"status", "--run-dir", failing}).exit_code == 0);
}

TEST_CASE("a run that is finished is shown without key, provider or database", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 2);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  world.run({"ingest", "--run-dir", run_dir});
  const Outcome status = world.run(
      {"status", "--run-dir", run_dir},
      {{"OPENAI_API_KEY", ""}, {"OPENAI_BASE_URL", ""}, {"DATABASE_URL", ""}});
  CHECK(status.exit_code == 0);
  CHECK_THAT(status.out, ContainsSubstring("2 rows selected: 2 written"));
  CHECK_THAT(status.out, ContainsSubstring("finished"));
}

TEST_CASE("status of a provider that does not answer is no answer", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 2);
  const std::string run_dir = world.submit(1);
  const Outcome status = world.run(
      {"status", "--run-dir", run_dir, "--retry-timeout", "0", "--json", "--provider-moved"},
      {{"OPENAI_BASE_URL", "http://127.0.0.1:1/v1"}});
  CHECK(status.exit_code == 6);
  CHECK(Json(status.out).number("error.exit_code") == 6);
}

} // namespace embedctl::e2e
