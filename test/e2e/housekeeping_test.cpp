#include "e2e/world.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include <fmt/format.h>

namespace embedctl::e2e {

namespace {

std::string finished_run(const World& world, int family_number) {
  const std::string run_dir = world.submit(family_number);
  world.let_pass();
  const int exit_code = world.run({"ingest", "--run-dir", run_dir}).exit_code;
  CHECK((exit_code == 0 || exit_code == 3));
  return run_dir;
}

} // namespace

TEST_CASE("status without a run lists the unfinished ones and what to do next", "[e2e]") {
  const World world;
  CHECK_THAT(world.run({"status"}).out, ContainsSubstring("no unfinished runs"));
  world.add_chunks(1, 1, 2);
  const std::string finished = finished_run(world, 1);
  world.add_chunks(1, 3, 2);
  const std::string dry = world.submit(1, {"--dry-run"});
  const std::string sent = world.submit(1);
  const Outcome status = world.run({"status"});
  INFO(status.out << status.err);
  CHECK(status.exit_code == 0);
  const auto relative = [&](const std::string& run_dir) {
    return "batches/" + family(1) + "/" + fs::path(run_dir).filename().string();
  };
  CHECK_THAT(status.out, !ContainsSubstring(relative(finished) + " "));
  CHECK_THAT(status.out, ContainsSubstring("prepared, not sent"));
  CHECK_THAT(status.out, ContainsSubstring("next: embedctl submit --run-dir ./" + relative(dry))
                             || ContainsSubstring("next: embedctl submit --run-dir " + relative(dry)));
  CHECK_THAT(status.out, ContainsSubstring("next: embedctl run --run-dir ./" + relative(sent))
                             || ContainsSubstring("next: embedctl run --run-dir " + relative(sent)));
  CHECK(world.run({"status", "--exit-code"}).exit_code == 4);
  const Outcome of_family = world.run({"status", "--family-id", family(1), "--json"});
  CHECK(Json(of_family.out).size("runs") == 3);
  CHECK(Json(world.run({"status", "--family-id", family(2), "--json"}).out).size("runs") == 0);
  CHECK(world.run({"status", "--family-id", family(1), "--run-dir", sent}).exit_code == 2);
}

TEST_CASE("status says of one run what is next, in words that mean one thing", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 2);
  const std::string dry = world.submit(1, {"--dry-run"});
  const Outcome prepared = world.run({"status", "--run-dir", dry});
  CHECK_THAT(prepared.out, ContainsSubstring("prepared, not sent"));
  CHECK_THAT(prepared.out, !ContainsSubstring("written"));
  CHECK_THAT(prepared.out, ContainsSubstring("next: embedctl submit --run-dir " + dry));
  const std::string sent = world.submit(1);
  world.let_pass();
  const Outcome ready = world.run({"status", "--run-dir", sent});
  CHECK_THAT(ready.out, ContainsSubstring("ready to ingest"));
  CHECK_THAT(ready.out, ContainsSubstring("next: embedctl run --run-dir " + sent));
}

TEST_CASE("runs lists every run, even one that cannot be read", "[e2e]") {
  const World world;
  CHECK_THAT(world.run({"runs"}).out, ContainsSubstring("no runs"));
  world.add_chunks(1, 1, 2);
  finished_run(world, 1);
  world.add_family(2);
  world.add_chunks(2, 11, 3);
  const std::string other = world.submit(2);
  const Outcome runs = world.run({"runs", "--json"});
  CHECK(runs.exit_code == 0);
  const Json answer(runs.out);
  REQUIRE(answer.size("runs") == 2);
  CHECK(answer.text("runs.0.state") == "finished");
  CHECK(answer.number("runs.1.rows") == 3);
  CHECK(answer.number("runs.1.bytes") > 0);
  write_file(fs::path(other) / "run.json", "{");
  const Outcome damaged = world.run({"runs"});
  CHECK(damaged.exit_code == 1);
  CHECK_THAT(damaged.out, ContainsSubstring("finished"));
  CHECK_THAT(damaged.out, ContainsSubstring("cannot be read"));
}

TEST_CASE("prune removes finished runs that are old enough, and nothing else", "[e2e]") {
  const World world({"--frozen-clock", "--fail-every", "3"});
  world.add_chunks(1, 1, 3);
  const std::string finished = finished_run(world, 1);
  const std::string in_flight = world.submit(1);
  const std::string dry = world.submit(1, {"--dry-run", "--retry-failed", "--batches-dir", "dry"});
  const fs::path batches = world.folder() / "batches";

  CHECK(world.run({"prune"}).exit_code == 2);
  CHECK(world.run({"prune", "--older-than", "soon"}).exit_code == 2);
  const auto before = files_below(batches);
  CHECK(world.run({"prune", "--older-than", "30d"}).exit_code == 0);
  const Outcome look = world.run({"prune", "--older-than", "0s", "--dry-run"});
  CHECK_THAT(look.out, ContainsSubstring("would remove"));
  CHECK(files_below(batches) == before);

  const Outcome pruned = world.run({"prune", "--older-than", "0s", "--json"});
  INFO(pruned.out << pruned.err);
  CHECK(pruned.exit_code == 0);
  CHECK(Json(pruned.out).size("removed") == 1);
  CHECK(Json(pruned.out).text("kept.0.why") == "it is not finished");
  CHECK(!fs::exists(finished));
  CHECK(fs::exists(in_flight));
  CHECK(Json(world.run({"failures", "--json"}).out).size("failures") == 1);
  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", in_flight}).exit_code == 0);
  CHECK(world.run({"prune", "--older-than", "0s", "--batches-dir", "dry"}).exit_code == 0);
  CHECK(fs::exists(dry));
}

TEST_CASE("prune keeps a run whose failures are not recorded or whose answers are not written", "[e2e]") {
  const World world({"--frozen-clock", "--fail-every", "2"});
  world.add_chunks(1, 1, 2);
  const std::string run_dir = finished_run(world, 1);
  const fs::path record = batch_folder(run_dir) / "batch.json";
  std::string text = content_of(record);
  const std::string counted = "\"failures_counted\": true";
  REQUIRE(text.find(counted) != std::string::npos);
  write_file(record, text.replace(text.find(counted), counted.size(), "\"failures_counted\": false"));
  CHECK_THAT(
      world.run({"prune", "--older-than", "0s"}).out, ContainsSubstring("not in failures.tsv"));
  CHECK(fs::exists(run_dir));

  world.add_family(2);
  world.add_chunks(2, 11, 1);
  world.database().exec(
      "CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
      "CREATE TRIGGER undo BEFORE UPDATE ON knowledge_chunks FOR EACH ROW EXECUTE FUNCTION undo()");
  const std::string paid = finished_run(world, 2);
  const Outcome outcome = world.run({"prune", "--older-than", "0s"});
  CHECK_THAT(outcome.out, ContainsSubstring("answers that could not be written"));
  CHECK(fs::exists(paid));
}

TEST_CASE("a removal that was interrupted is finished by the next prune", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 2);
  const std::string run_dir = finished_run(world, 1);
  const fs::path removed =
      fs::path(run_dir).parent_path() / (".pruned_" + fs::path(run_dir).filename().string());
  fs::rename(run_dir, removed);
  CHECK_THAT(world.run({"runs"}).out, ContainsSubstring("no runs"));
  CHECK(world.run({"submit", "--family-id", family(1)}).exit_code == 0);
  CHECK(world.run({"prune", "--older-than", "30d"}).exit_code == 0);
  CHECK(!fs::exists(removed));
}

TEST_CASE("cancel keeps what was finished and leaves the rest to the next submit", "[e2e]") {
  const World world(
      {"--frozen-clock", "--validating-seconds", "0", "--in-progress-seconds", "100"});
  world.add_chunks(1, 1, 20);
  const std::string run_dir = world.submit(1, {"--max-requests-per-batch", "10"});
  world.let_pass(50); // half of each batch has run
  const auto cancel = world.start({"cancel", "--run-dir", run_dir, "--poll-seconds", "1"});
  for (int i = 0; i < 100 && world.sandbox().calls("POST /v1/batches/{id}/cancel") < 2; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  world.let_pass(60);
  const Outcome outcome = cancel->wait();
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 3);
  const auto written = world.count("embedding IS NOT NULL");
  CHECK(written == 10);
  CHECK(Json(world.run({"status", "--run-dir", run_dir, "--json"}).out).text("state") == "finished");
  CHECK_THAT(world.run({"failures"}).out, ContainsSubstring("no failures"));
  CHECK(world.run({"cancel", "--run-dir", run_dir}).exit_code == 3); // nothing left to do

  world.submit(1);
  world.let_pass(200);
  CHECK(world.run({"run", "--family-id", family(1), "--once"}).exit_code == 0);
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK(world.sandbox().billed("billed_again") == 0);
}

TEST_CASE("cancel releases batches that were never sent", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 4);
  world.sandbox().plan(R"({"endpoint": "POST /v1/files", "action": "status", "status": 401})");
  CHECK(world.run({"submit", "--family-id", family(1)}).exit_code == 1);
  const std::string run_dir = only_run(world, 1);
  world.sandbox().plan("");
  const Outcome outcome = world.run({"cancel", "--run-dir", run_dir});
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 3);
  CHECK(world.sandbox().batch_ids().empty());
  CHECK_THAT(world.run({"failures"}).out, ContainsSubstring("no failures"));
  CHECK(world.run({"submit", "--run-dir", run_dir}).exit_code == 0); // nothing left to send
  CHECK(world.sandbox().batch_ids().empty());
  world.submit(1);
  world.let_pass();
  CHECK(world.run({"run", "--family-id", family(1), "--once"}).exit_code == 0);
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK(world.sandbox().billed("requests") == 4);
}

TEST_CASE("input files are deleted at the provider once, result files only when asked", "[e2e]") {
  const World world;
  const auto files = [&] { return Json(world.sandbox().get("/v1/files")).size("data"); };
  const auto ingest = [&](int from, const Arguments& more) {
    world.add_chunks(1, from, 2);
    const std::string run_dir = world.submit(1);
    world.let_pass();
    Arguments arguments = {"ingest", "--run-dir", run_dir};
    arguments.insert(arguments.end(), more.begin(), more.end());
    CHECK(world.run(arguments).exit_code == 0);
    return run_dir;
  };
  const std::string run_dir = ingest(1, {});
  CHECK(files() == 1);
  CHECK(world.sandbox().calls("DELETE /v1/files/{id}") == 1);
  CHECK(world.run({"ingest", "--run-dir", run_dir, "--redownload"}).exit_code == 0);
  CHECK(world.sandbox().calls("DELETE /v1/files/{id}") == 1);
  ingest(3, {"--keep-remote-files"});
  CHECK(files() == 3);
  ingest(5, {"--delete-remote-outputs"});
  CHECK(files() == 3);

  world.sandbox().plan(R"({"endpoint": "DELETE /v1/files/{id}", "action": "status", "status": 403})");
  ingest(7, {}); // exit 0 all the same
  CHECK(files() == 5);
}

TEST_CASE("ten thousand finished runs hardly cost a pass anything", "[.][measure]") {
  const World world;
  world.add_chunks(1, 1, 2);
  const std::string run_dir = finished_run(world, 1);
  const std::string record = content_of(fs::path(run_dir) / "run.json");
  world.add_chunk(1, 3, "");
  const Arguments once = {"run", "--family-id", family(1), "--once"};
  CHECK(world.run(once).exit_code == 3);
  const auto best_time = [&] {
    auto best = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 3; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      CHECK(world.run(once).exit_code == 0);
      best = std::min(best, std::chrono::steady_clock::now() - begin);
    }
    return best;
  };
  const auto without = best_time();
  for (int i = 0; i < 10'000; ++i) {
    const fs::path folder =
        fs::path(run_dir).parent_path() / fmt::format("run_20200101_{:06}", i);
    fs::create_directory(folder);
    write_file(folder / "run.json", record);
  }
  const auto with = best_time();
  const auto cost = std::chrono::duration_cast<std::chrono::milliseconds>(with - without);
  INFO(cost.count() << " ms more");
  CHECK(cost < std::chrono::milliseconds(500));
  WARN(cost.count() << " ms more");
}

} // namespace embedctl::e2e
