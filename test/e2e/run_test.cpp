#include "e2e/world.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <csignal>
#include <functional>
#include <thread>

#include <fmt/format.h>

#include <algorithm>

namespace embedctl::e2e {

namespace {

void replace_batch_id(const fs::path& record, const std::string& id) {
  std::string text = content_of(record);
  const std::string member = "\"batch_id\": \"";
  const auto at = text.find(member) + member.size();
  write_file(record, text.replace(at, text.find('"', at) - at, id));
}

} // namespace

TEST_CASE("run embeds a whole family in one command", "[e2e][slow]") {
  const World world(k_at_once);
  world.add_chunks(1, 1, 30);
  const Outcome outcome = world.run(
      {"run", "--family-id", family(1), "--max-requests-per-batch", "10", "--poll-seconds", "1",
       "--json"});
  INFO(outcome.out << outcome.err);
  REQUIRE(outcome.exit_code == 0);
  const Json answer(outcome.out);
  CHECK(answer.text("state") == "finished");
  CHECK(answer.size("batches") == 3);
  CHECK(answer.number("rows.written") == 30);
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK(world.wrong_vectors() == 0);

  const Outcome again = world.run({"run", "--family-id", family(1)});
  CHECK(again.exit_code == 0);
  CHECK_THAT(again.out, ContainsSubstring("30 of 30"));
  CHECK(world.sandbox().billed("requests") == 30);
}

TEST_CASE("run goes on with the family's unfinished runs and then takes the rest", "[e2e][slow]") {
  const World world(k_at_once);
  world.add_chunks(1, 1, 4);
  const std::string earlier = world.submit(1);
  const std::string dry_run = world.submit(1, {"--dry-run", "--batches-dir", "elsewhere"});
  world.add_chunks(1, 11, 3);
  const Outcome outcome =
      world.run({"run", "--family-id", family(1), "--poll-seconds", "1", "--json"});
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 0);
  const Json answer(outcome.out);
  CHECK(answer.number("rows.written") == 3);
  CHECK(answer.size("earlier_runs") == 1);
  CHECK(answer.number("earlier_runs.0.rows.written") == 4);
  CHECK(world.folder() / answer.text("earlier_runs.0.run_dir") == earlier);
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK(world.wrong_vectors() == 0);
  CHECK(world.sandbox().billed("requests") == 7);
  CHECK(world.run({"submit", "--run-dir", dry_run}).exit_code == 2);
}

TEST_CASE("run ingests each batch as soon as it ends, not when all have", "[e2e][slow]") {
  const World world({"--frozen-clock", "--queue-tokens", "120"});
  world.add_chunks(1, 1, 20);
  const std::string run_dir = world.submit(1, {"--max-requests-per-batch", "10"});
  world.let_pass();
  // One batch has ended, and the other, which was refused, ends only when time goes on.
  const auto run = world.start({"run", "--run-dir", run_dir, "--poll-seconds", "1"});
  wait_until([&] { return world.count("embedding IS NOT NULL") == 10; });
  wait_until([&] { return world.sandbox().batch_ids().size() == 3; });
  CHECK(world.count("embedding IS NOT NULL") == 10);
  world.let_pass();
  const Outcome outcome = run->wait();
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(world.count("embedding IS NOT NULL") == 20);
  CHECK(world.wrong_vectors() == 0);
}

TEST_CASE("a run belongs to one process, and a signal stops it safely", "[e2e][slow]") {
  const World world;
  world.add_chunks(1, 1, 4);
  const std::string run_dir = world.submit(1, {"--limit", "2"});
  world.let_pass();
  CHECK(world.run({"run", "--run-dir", run_dir, "--poll-seconds", "1"}).exit_code == 0);

  const auto staying = world.start({"run", "--family-id", family(1), "--poll-seconds", "1"});
  wait_until([&] { return world.sandbox().batch_ids().size() == 2; });
  wait_until([&] { return world.sandbox().calls("GET /v1/batches/{id}") >= 2; });
  std::string waiting_run;
  for (const auto& entry : fs::directory_iterator(world.folder() / "batches" / family(1)))
    if (entry.is_directory() && entry.path() != run_dir)
      waiting_run = entry.path().string();

  for (const Arguments& arguments :
       {Arguments{"ingest", "--run-dir", waiting_run}, Arguments{"run", "--run-dir", waiting_run},
        Arguments{"submit", "--run-dir", waiting_run},
        Arguments{"run", "--family-id", family(1)}}) {
    const Outcome locked = world.run(arguments);
    INFO(locked.out << locked.err);
    CHECK(locked.exit_code == 5);
    CHECK_THAT(locked.err, ContainsSubstring(fmt::format("{}", staying->id())));
    CHECK_THAT(locked.err, ContainsSubstring("hint: "));
  }
  // Looking takes no lock.
  CHECK(world.run({"status", "--run-dir", waiting_run}).exit_code == 0);

  staying->signal(SIGTERM);
  const Outcome stopped = staying->wait();
  CHECK(stopped.exit_code == 143);
  CHECK_THAT(stopped.err, ContainsSubstring("resume with: embedctl run --family-id " + family(1)));
  const std::string named = fs::path(waiting_run).filename().string();
  CHECK_THAT(stopped.err, ContainsSubstring("run folder: batches/" + family(1) + "/" + named + "\n"));
  CHECK_THAT(stopped.err, ContainsSubstring(named + "); resume with: "));

  world.let_pass();
  CHECK(world.run({"run", "--family-id", family(1), "--poll-seconds", "1"}).exit_code == 0);
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK(world.wrong_vectors() == 0);
  CHECK(world.sandbox().billed("requests") == 4);
}

TEST_CASE("Ctrl-C ends a run with its own exit code", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 2);
  const auto run = world.start({"run", "--family-id", family(1), "--json"});
  wait_until([&] { return world.sandbox().calls("GET /v1/batches/{id}") >= 1; });
  run->signal(SIGINT);
  const Outcome outcome = run->wait();
  CHECK(outcome.exit_code == 130);
  CHECK(Json(outcome.out).text("error.kind") == "interrupted");
  CHECK(Json(outcome.out).number("error.exit_code") == 130);
}

TEST_CASE("the way on from a stopped run leads to the same rows and the same model", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 4);
  const auto run = world.start(
      {"run", "--family-id", family(1), "--batches-dir", "my runs", "--limit", "2", "--model",
       "text-embedding-ada-002"});
  wait_until([&] { return world.sandbox().calls("GET /v1/batches/{id}") >= 1; });
  run->signal(SIGTERM);
  CHECK_THAT(
      run->wait().err, ContainsSubstring(
                           "resume with: embedctl run --family-id " + family(1)
                           + " --batches-dir 'my runs' --limit 2 --model text-embedding-ada-002"));
}

TEST_CASE("run --once does what can be done now and may be started at any time", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 30);
  const Arguments once = {"run", "--family-id", family(1), "--once",
                          "--max-requests-per-batch", "10", "--quiet"};
  const Outcome first = world.run(once);
  INFO(first.out << first.err);
  CHECK(first.exit_code == 4);
  CHECK(first.out.empty());
  CHECK(first.err.empty());
  CHECK(world.sandbox().batch_ids().size() == 3);
  CHECK(world.run(once).exit_code == 4);
  CHECK(world.sandbox().batch_ids().size() == 3);

  world.add_chunks(1, 31, 5);
  const auto at_once = world.start(once);
  const int beside = world.run(once).exit_code;
  const int other = at_once->wait().exit_code;
  CHECK((beside == 4 || beside == 5));
  CHECK((other == 4 || other == 5));
  CHECK(std::min(beside, other) == 4);
  CHECK(world.sandbox().batch_ids().size() == 4);

  world.let_pass();
  const Outcome last = world.run(once);
  INFO(last.out << last.err);
  CHECK(last.exit_code == 0);
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK(world.wrong_vectors() == 0);
  CHECK(world.sandbox().billed("requests") == 35);
  CHECK(world.sandbox().billed("billed_again") == 0);
}

TEST_CASE("run --dry-run writes the files and sends nothing", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  const Outcome outcome =
      world.run({"run", "--family-id", family(1), "--dry-run"}, {{"OPENAI_API_KEY", ""}});
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.out, ContainsSubstring("nothing was sent"));
  CHECK(lines_of(batch_folder(only_run(world, 1)) / "input.jsonl").size() == 3);
  CHECK(world.sandbox().calls("POST /v1/files") == 0);
  const Outcome both = world.run({"run", "--run-dir", only_run(world, 1), "--dry-run"});
  CHECK(both.exit_code == 2);
}

TEST_CASE("a run that is blocked holds up neither other runs nor new rows", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 2);
  const std::string blocked = world.submit(1);
  replace_batch_id(batch_folder(blocked) / "batch.json", "batch_unknown");
  world.add_chunks(1, 3, 3);
  const Arguments once = {"run", "--family-id", family(1), "--once"};
  CHECK(world.run(once).exit_code == 1);
  world.let_pass();
  const Outcome outcome = world.run(once);
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.err, ContainsSubstring("is blocked: batch 001: "));
  CHECK_THAT(outcome.err, ContainsSubstring("check that the key is of the account"));
  CHECK(world.count("embedding IS NOT NULL") == 3);
}

} // namespace embedctl::e2e
