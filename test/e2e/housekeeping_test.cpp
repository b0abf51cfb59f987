#include "e2e/world.hpp"
#include "support/catch.hpp"

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

} // namespace embedctl::e2e
