#include "e2e/world.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

// A batch whose results the provider has lost.

namespace embedctl::e2e {

namespace {

// Three batches of two rows each.
struct Losing : World {
  std::string run_dir;
  std::string batch_file;

  explicit Losing(Arguments sandbox = {"--frozen-clock"}) : World(std::move(sandbox)) {
    add_chunks(1, 1, 6);
    run_dir = submit(1, {"--max-requests-per-batch", "2"});
    batch_file = (batch_folder(run_dir) / "batch.json").string();
  }

  void lose_output() const {
    const Json list(sandbox().get("/v1/batches?limit=100"));
    const Json record(content_of(batch_file));
    list.at("data").for_each([&](const json::Value& batch) {
      if (batch.string("id") == record.text("batch_id"))
        sandbox().delete_file(batch.string("output_file_id").value());
    });
  }
};

} // namespace

TEST_CASE("a lost output file holds up nothing else, and forget releases its rows", "[e2e]") {
  const Losing world;
  world.let_pass();
  world.lose_output();
  const Outcome lost = world.run({"run", "--family-id", family(1), "--once", "--retry-timeout", "2"});
  INFO(lost.out << lost.err);
  CHECK(lost.exit_code == 1);
  CHECK_THAT(lost.err, ContainsSubstring("batch 001"));
  CHECK_THAT(lost.err, ContainsSubstring("embedctl forget --batch-file"));
  CHECK(world.count("embedding IS NOT NULL") == 4);

  // New rows of the family are not held up, and the lost ones are not bought again.
  world.add_chunks(1, 7, 2);
  CHECK(world.run({"run", "--family-id", family(1), "--once", "--quiet"}).exit_code == 1);
  world.let_pass();
  CHECK(world.run({"run", "--family-id", family(1), "--once"}).exit_code == 1);
  CHECK(world.count("embedding IS NOT NULL") == 6);
  CHECK(world.sandbox().billed("requests") == 8);

  const auto before = files_below(world.run_dir);
  const Outcome unasked = world.run({"forget", "--batch-file", world.batch_file});
  CHECK(unasked.exit_code == 2);
  CHECK_THAT(unasked.err, ContainsSubstring("2 rows of batch 001"));
  CHECK_THAT(unasked.err, ContainsSubstring("PAID FOR AGAIN"));
  CHECK_THAT(unasked.err, ContainsSubstring("--yes"));
  CHECK(files_below(world.run_dir) == before);

  const Outcome forgotten = world.run(
      {"forget", "--batch-file", world.batch_file, "--yes", "--json", "--retry-timeout", "0"});
  INFO(forgotten.out << forgotten.err);
  CHECK(forgotten.exit_code == 3);
  CHECK(Json(forgotten.out).number("rows.failed") == 2);
  CHECK_THAT(
      content_of(batch_folder(world.run_dir) / "failed_chunk_ids.tsv"),
      ContainsSubstring("\tresult_lost\t"));
  CHECK(world.run({"verify", "--run-dir", world.run_dir}).exit_code == 0);
  CHECK(world.run({"forget", "--batch-file", world.batch_file, "--yes"}).exit_code == 2);

  CHECK(world.run({"run", "--family-id", family(1), "--once"}).exit_code == 4);
  world.let_pass();
  CHECK(world.run({"run", "--family-id", family(1), "--once"}).exit_code == 0);
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK(world.wrong_vectors() == 0);
  CHECK(world.sandbox().billed("billed_again") == 2);
}

TEST_CASE("run waits for the other batches, and tells the lost one last", "[e2e]") {
  const Losing world;
  world.let_pass();
  world.lose_output();
  world.sandbox().plan(
      R"({"endpoint": "GET /v1/batches/{id}", "action": "change", "from": 2, "count": 2,
          "members": {"status": "in_progress", "output_file_id": null}})");
  const Outcome outcome = world.run(
      {"run", "--run-dir", world.run_dir, "--poll-seconds", "1", "--parallel", "1",
       "--retry-timeout", "1"});
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.err, ContainsSubstring("embedctl forget --batch-file"));
  CHECK(world.sandbox().faults_fired() == 2);
  CHECK(world.count("embedding IS NOT NULL") == 4);
}

TEST_CASE("forget refuses what may still have results", "[e2e]") {
  const Losing world;
  const Arguments forget = {"forget", "--batch-file", world.batch_file, "--yes"};
  const Outcome running = world.run(forget);
  CHECK(running.exit_code == 2);
  CHECK_THAT(running.err, ContainsSubstring("has not ended at the provider"));

  // A batch whose file is there after all is ingested.
  world.let_pass();
  const Outcome found = world.run(forget);
  INFO(found.out << found.err);
  CHECK(found.exit_code == 0);
  CHECK(world.count("embedding IS NOT NULL") == 2);
  const Outcome done = world.run(forget);
  CHECK(done.exit_code == 2);
  CHECK_THAT(done.err, ContainsSubstring("is ingested"));
  CHECK(world.sandbox().billed("billed_again") == 0);
}

TEST_CASE("a batch that the provider does not know is forgotten", "[e2e]") {
  const Losing world;
  world.sandbox().plan(
      R"({"endpoint": "GET /v1/batches/{id}", "action": "status", "status": 404, "count": 0})");
  const Outcome unknown = world.run({"ingest", "--batch-file", world.batch_file});
  CHECK(unknown.exit_code == 1);
  CHECK_THAT(unknown.err, ContainsSubstring("embedctl forget --batch-file"));
  const Outcome outcome = world.run({"forget", "--batch-file", world.batch_file, "--yes"});
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 3);
  CHECK(world.run({"verify", "--run-dir", world.run_dir}).exit_code == 0);
}

} // namespace embedctl::e2e
