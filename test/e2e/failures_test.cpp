#include "e2e/world.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

namespace embedctl::e2e {

namespace {

const Arguments k_once = {"run", "--family-id", family(1), "--once", "--quiet", "--poll-seconds", "1"};

Arguments with(Arguments arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// Moves the family's run on until it needs no more time.
int run_to_end(const World& world, const Arguments& more = {}) {
  int exit_code = world.run(with(k_once, more)).exit_code;
  for (int i = 0; exit_code == 4 && i < 5; ++i) {
    world.let_pass();
    exit_code = world.run(with(k_once, more)).exit_code;
  }
  return exit_code;
}

std::size_t runs_of(const World& world, int family_number) {
  std::size_t runs = 0;
  for (const auto& entry : fs::directory_iterator(world.folder() / "batches" / family(family_number)))
    runs += entry.is_directory() ? 1 : 0;
  return runs;
}

} // namespace

TEST_CASE("a family that is filled in the end is done, whatever failed on the way", "[e2e]") {
  const World world({"--frozen-clock", "--fail-every", "3"});
  world.add_chunks(1, 1, 4);
  world.submit(1);
  world.let_pass();
  const auto process = world.start({"run", "--family-id", family(1), "--poll-seconds", "1"});
  wait_until([&] { return world.sandbox().batch_ids().size() == 2; });
  world.let_pass();
  const Outcome outcome = process->wait();
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.out, ContainsSubstring("family: 4 of 4 filled\n"));
}

TEST_CASE("a row that fails is bought three times and then set aside", "[e2e]") {
  const World world({"--frozen-clock", "--fail-every", "1"});
  world.add_chunks(1, 1, 1);
  CHECK(run_to_end(world) == 3);
  CHECK(world.sandbox().batch_ids().size() == 3);
  const Outcome later = world.run(k_once);
  INFO(later.out << later.err);
  CHECK(later.exit_code == 0);
  CHECK(later.out.empty());
  CHECK(later.err.empty());
  CHECK(world.sandbox().batch_ids().size() == 3);
  CHECK(runs_of(world, 1) == 3);

  const Outcome submit = world.run({"submit", "--family-id", family(1)});
  CHECK_THAT(submit.out, ContainsSubstring("1 row set aside (1 × "));
  CHECK_THAT(submit.out, ContainsSubstring("see: embedctl failures"));
  const Outcome failures = world.run({"failures", "--json"});
  INFO(failures.out);
  CHECK(failures.exit_code == 0);
  CHECK(Json(failures.out).text("failures.0.key") == chunk(1));
  CHECK(Json(failures.out).number("failures.0.times") == 3);
  CHECK_THAT(world.run({"failures"}).out, ContainsSubstring(chunk(1)));

  CHECK(world.run(with(k_once, {"--retry-failed"})).exit_code == 4);
  world.let_pass();
  CHECK(run_to_end(world) == 3);
  CHECK(world.sandbox().batch_ids().size() == 4);
  CHECK(world.run(k_once).exit_code == 0);
  CHECK(world.sandbox().batch_ids().size() == 4);
}

TEST_CASE("another text or another model makes a row due again that was set aside", "[e2e]") {
  const World world({"--frozen-clock", "--fail-every", "1"});
  world.add_chunks(1, 1, 1);
  CHECK(run_to_end(world, {"--max-attempts", "1"}) == 3);
  CHECK(run_to_end(world, {"--max-attempts", "1"}) == 0);
  CHECK(run_to_end(world, {"--max-attempts", "1", "--model", "text-embedding-3-large"}) == 3);
  CHECK(world.sandbox().batch_ids().size() == 2);
  CHECK(run_to_end(world, {"--max-attempts", "1", "--model", "text-embedding-3-large"}) == 0);
  world.database().exec("UPDATE knowledge_chunks SET content = 'edited'");
  CHECK(run_to_end(world, {"--max-attempts", "1", "--model", "text-embedding-3-large"}) == 3);
  CHECK(world.sandbox().batch_ids().size() == 3);
}

TEST_CASE("a row that gets its vector later is forgotten", "[e2e]") {
  const World world({"--frozen-clock", "--fail-every", "3"});
  world.add_chunks(1, 1, 3);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 3);
  CHECK(Json(world.run({"failures", "--json"}).out).size("failures") == 1);
  CHECK(run_to_end(world) == 0);
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK(Json(world.run({"failures", "--json"}).out).size("failures") == 0);
}

TEST_CASE("a blank row is told once and makes no folder", "[e2e]") {
  const World world;
  world.add_chunk(1, 1, " ");
  const Outcome first = world.run(k_once);
  INFO(first.out << first.err);
  CHECK(first.exit_code == 3);
  CHECK_THAT(first.out, ContainsSubstring("1 row skipped (1 × empty_text)"));
  for (const char* command : {"run", "submit"}) {
    const Outcome later = world.run({command, "--family-id", family(1), "--quiet"});
    CHECK(later.exit_code == 0);
    CHECK((later.out + later.err).empty());
  }
  CHECK(runs_of(world, 1) == 0);
  CHECK_THAT(world.run({"failures"}).out, ContainsSubstring("empty_text"));
  CHECK(world.run({"submit", "--family-id", family(1), "--retry-failed"}).exit_code == 3);

  world.database().exec("UPDATE knowledge_chunks SET content = 'not blank'");
  CHECK(run_to_end(world) == 0);
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK_THAT(world.run({"failures"}).out, ContainsSubstring("no failures"));
}

TEST_CASE("a blank row is told although the pass that found it was silent", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 2);
  CHECK(world.run(k_once).exit_code == 4);
  world.add_chunk(1, 3, "");
  CHECK(world.run(k_once).exit_code == 4); // silent, because the first run waits
  world.let_pass();
  const Outcome outcome = world.run(k_once);
  CHECK(outcome.exit_code == 3);
  CHECK_THAT(outcome.out, ContainsSubstring("empty_text"));
  CHECK(world.run(k_once).exit_code == 0);
}

TEST_CASE("rows that are set aside take no place of a limit", "[e2e]") {
  const World world;
  for (int n = 1; n <= 3; ++n)
    world.add_chunk(1, n, "");
  world.add_chunks(1, 4, 4);
  const Arguments submit = {"submit", "--family-id", family(1), "--limit", "3", "--json"};
  CHECK(world.run(submit).exit_code == 3);
  CHECK(world.sandbox().batch_ids().empty());
  const Outcome next = world.run(submit);
  INFO(next.out << next.err);
  CHECK(next.exit_code == 0);
  CHECK(Json(next.out).number("rows_selected") == 3);
  CHECK(Json(next.out).number("set_aside.0.rows") == 3);
  CHECK(Json(world.run(submit).out).number("rows_selected") == 1);
}

TEST_CASE("rows of a batch that was cancelled or expired have not failed", "[e2e]") {
  const World world({"--frozen-clock", "--in-progress-seconds", "100"});
  world.add_chunks(1, 1, 4);
  for (int i = 0; i < 4; ++i) {
    CHECK(world.run(with(k_once, {})).exit_code == 4);
    world.sandbox().post("/v1/batches/" + world.sandbox().batch_ids().front() + "/cancel", "");
    world.let_pass();
    CHECK(world.run({"ingest", "--run-dir", [&] {
                       std::string last;
                       for (const auto& entry :
                            fs::directory_iterator(world.folder() / "batches" / family(1)))
                         if (entry.is_directory())
                           last = std::max(last, entry.path().string());
                       return last;
                     }()})
              .exit_code == 3);
  }
  CHECK_THAT(world.run({"failures"}).out, ContainsSubstring("no failures"));
  CHECK(world.run(k_once).exit_code == 4);
  CHECK(world.sandbox().batch_ids().size() == 5);
}

} // namespace embedctl::e2e
