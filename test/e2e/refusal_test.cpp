#include "e2e/world.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

// Batches that the provider refused as a whole: nothing ran, and nothing is billed.

namespace embedctl::e2e {

namespace {

const char* const k_file_unfound =
    R"({"endpoint": "POST /v1/batches", "action": "fail_validation", "code": "invalid_request",
        "message": "Cannot find file file-x, or organization org-x does not have access to it."})";

} // namespace

TEST_CASE("a full queue is waited out: submit --run-dir sends the refused batch again", "[e2e]") {
  const World world({"--frozen-clock", "--queue-tokens", "120"});
  world.add_chunks(1, 1, 20);
  const std::string run_dir = world.submit(1, {"--max-requests-per-batch", "10"});
  world.let_pass();
  const Outcome first = world.run({"ingest", "--run-dir", run_dir});
  CHECK(first.exit_code == 1);
  CHECK_THAT(first.out, ContainsSubstring("refused"));
  CHECK(world.count("embedding IS NOT NULL") == 10);

  const Outcome status = world.run({"status", "--run-dir", run_dir});
  CHECK(status.exit_code == 0);
  CHECK_THAT(status.out, ContainsSubstring("token_limit_exceeded"));
  CHECK(world.run({"status", "--run-dir", run_dir, "--exit-code"}).exit_code == 4);

  // The rows are still the run's: no other submit takes them.
  const Outcome other = world.run({"submit", "--family-id", family(1), "--json"});
  CHECK(Json(other.out).number("rows_in_flight_elsewhere") == 10);

  CHECK(world.run({"submit", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.sandbox().calls("POST /v1/files") == 2);
  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.wrong_vectors() == 0);
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK(world.sandbox().billed("requests") == 20);
}

TEST_CASE("a file that the provider cannot find is offered again", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 4);
  world.sandbox().plan(k_file_unfound);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 1);
  const Json record(content_of(batch_folder(run_dir) / "batch.json"));
  CHECK_THAT(record.text("provider.errors.0.message"), ContainsSubstring("Cannot find file"));

  CHECK(world.run({"submit", "--run-dir", run_dir}).exit_code == 0);
  CHECK(Json(content_of(batch_folder(run_dir) / "batch.json")).size("refusals") == 1);
  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.wrong_vectors() == 0);
  CHECK(world.sandbox().billed("requests") == 4);
}

TEST_CASE("any other refusal fails the rows with the provider's code", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 4);
  const std::string run_dir = world.submit(1, {"--model", "no-such-model", "--unlisted-model"});
  world.let_pass();
  const Outcome ingest = world.run({"ingest", "--run-dir", run_dir, "--json"});
  CHECK(ingest.exit_code == 3);
  CHECK(Json(ingest.out).number("rows.failed") == 4);
  const auto failed = lines_of(batch_folder(run_dir) / "failed_chunk_ids.tsv");
  REQUIRE(failed.size() == 4);
  CHECK_THAT(failed[0], ContainsSubstring("\tmodel_not_found\t"));
  CHECK(fs::exists(batch_folder(run_dir) / "input.jsonl.zst"));

  // And they are free for another try.
  const std::string next = world.submit(1);
  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", next}).exit_code == 0);
  CHECK(world.sandbox().billed("requests") == 4);
}

TEST_CASE("a refused batch is sent again on demand, whatever the reason", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 4);
  world.sandbox().plan(
      R"({"endpoint": "POST /v1/batches", "action": "fail_validation", "code": "server_error"})");
  const std::string run_dir = world.submit(1);
  world.let_pass();
  CHECK(world.run({"status", "--run-dir", run_dir, "--update-json"}).exit_code == 0);
  const Outcome again = world.run({"submit", "--run-dir", run_dir, "--json"});
  CHECK(again.exit_code == 0);
  CHECK(world.sandbox().batch_ids().size() == 2);
  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
}

TEST_CASE("a refusal with fifty thousand errors is read, and stops nothing else", "[e2e]") {
  const World world;
  world.add_family(2);
  world.add_chunks(1, 1, 4);
  world.add_chunks(2, 5, 4);
  const std::string message(100, 'x');
  world.sandbox().plan(fmt::format(
      R"({{"endpoint": "POST /v1/batches", "action": "fail_validation", "code": "invalid_value",
          "message": "{}", "first_lines": 50000}})",
      message));
  const std::string run_dir = world.submit(1);
  world.let_pass();
  REQUIRE(world.sandbox().get("/v1/batches").size() > std::size_t{4} << 20);

  const Outcome status = world.run({"status", "--run-dir", run_dir});
  INFO(status.out << status.err);
  CHECK(status.exit_code == 0);
  CHECK_THAT(status.out, ContainsSubstring("invalid_value"));
  CHECK_THAT(status.out, ContainsSubstring("49,999 more errors"));
  const std::string other = world.submit(2);
  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", other}).exit_code == 0);
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 3);
  CHECK(fs::file_size(batch_folder(run_dir) / "batch.json") < std::size_t{1} << 20);
}

TEST_CASE("a batch that is larger than the whole queue is split, and goes on", "[e2e]") {
  const World world({"--frozen-clock", "--queue-tokens", "120"});
  world.add_chunks(1, 1, 20);
  world.add_chunk(1, 21, " ");
  wait_until([&] { // a refused batch waits some seconds before it is sent again
    const Outcome outcome =
        world.run({"run", "--family-id", family(1), "--once", "--poll-seconds", "1"});
    INFO(outcome.out << outcome.err);
    REQUIRE((outcome.exit_code == 3 || outcome.exit_code == 4));
    world.let_pass();
    return outcome.exit_code == 3;
  });
  CHECK(world.count("embedding IS NULL") == 1);
  CHECK(world.wrong_vectors() == 0);
  CHECK(world.sandbox().billed("requests") == 20);
  CHECK(world.sandbox().billed("billed_again") == 0);
  for (const auto& folder : fs::directory_iterator(world.folder() / "batches" / family(1)))
    if (folder.is_directory() && fs::exists(batch_folder(folder.path().string(), 2))) {
      const std::string run_dir = folder.path().string();
      CHECK(Json(content_of(batch_folder(run_dir) / "batch.json")).text("state") == "replaced");
      CHECK(world.run({"verify", "--run-dir", run_dir}).exit_code == 0);
      CHECK_THAT(
          world.run({"status", "--run-dir", run_dir}).out,
          ContainsSubstring("21 rows selected: 20 written, 1 skipped"));
    }
}

TEST_CASE("a batch that is refused for some of its lines goes again without them", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 6);
  world.sandbox().plan(
      R"({"endpoint": "POST /v1/batches", "action": "fail_validation", "code": "invalid_value",
          "message": "This line is too long.", "lines": [2, 5]})");
  const std::string run_dir = world.submit(1);
  world.let_pass();
  const Outcome sent = world.run({"run", "--run-dir", run_dir, "--once"});
  INFO(sent.out << sent.err);
  CHECK(sent.exit_code == 4);
  world.let_pass();
  const Outcome done = world.run({"run", "--run-dir", run_dir, "--once", "--json"});
  INFO(done.out << done.err);
  CHECK(done.exit_code == 3);
  CHECK(Json(done.out).number("rows.written") == 4);
  CHECK(Json(done.out).number("rows.failed") == 2);
  CHECK_THAT(
      content_of(batch_folder(run_dir) / "failed_chunk_ids.tsv"),
      ContainsSubstring("\tinvalid_value\tThis line is too long."));
  CHECK(world.sandbox().billed("requests") == 4);
  CHECK(world.wrong_vectors() == 0);
  CHECK(world.run({"verify", "--run-dir", run_dir}).exit_code == 0);
}

TEST_CASE("run sends refused batches again by itself, after a pause", "[e2e][slow]") {
  Arguments options = k_at_once;
  options.insert(options.end(), {"--queue-tokens", "120"});
  const World full_queue(options);
  const World lost_file(k_at_once);
  const Arguments run = {"run", "--family-id", family(1), "--poll-seconds", "1"};
  full_queue.add_chunks(1, 1, 20);
  lost_file.add_chunks(1, 1, 4);
  lost_file.sandbox().plan(k_file_unfound);
  Arguments cut = run;
  cut.insert(cut.end(), {"--max-requests-per-batch", "10", "--parallel", "2"});
  const auto waiting = full_queue.start(cut);
  const auto seeking = lost_file.start(run);

  const Outcome found = seeking->wait();
  INFO(found.out << found.err);
  CHECK(found.exit_code == 0);
  CHECK_THAT(found.err, ContainsSubstring("retrying in 1 s"));
  CHECK(lost_file.wrong_vectors() == 0);
  CHECK(lost_file.count("embedding IS NULL") == 0);
  CHECK(lost_file.sandbox().calls("POST /v1/files") == 1);

  const Outcome waited = waiting->wait();
  INFO(waited.out << waited.err);
  CHECK(waited.exit_code == 0);
  CHECK(full_queue.count("embedding IS NULL") == 0);
  CHECK(full_queue.wrong_vectors() == 0);
  CHECK(full_queue.sandbox().billed("requests") == 20);
  CHECK(full_queue.sandbox().billed("billed_again") == 0);
}

} // namespace embedctl::e2e
