#include "e2e/world.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

namespace embedctl::e2e {

namespace {

constexpr const char* k_content = "GET /v1/files/{id}/content";

std::string set_foreign_vector(int n) {
  return fmt::format(
      "UPDATE knowledge_chunks SET embedding = array_fill(0.5, ARRAY[1536])::vector"
      " WHERE id = '{}'",
      chunk(n));
}

bool has_foreign_vector(const World& world, int n) {
  return world.count(fmt::format(
             "id = '{}' AND embedding = array_fill(0.5, ARRAY[1536])::vector", chunk(n)))
         == 1;
}

} // namespace

TEST_CASE("ingest may be run again at any time", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 7);
  const std::string run_dir = world.submit(1, {"--max-requests-per-batch", "4"});
  world.let_pass();
  const Arguments ingest = {"ingest", "--run-dir", run_dir, "--json", "--update-chunk-size", "3"};
  const Outcome first = world.run(ingest);
  CHECK(first.exit_code == 0);
  const auto files = files_below(run_dir);
  const auto written_at = world.database().value("SELECT max(xmin::text) FROM knowledge_chunks");

  // All is here already: neither a key nor the provider is needed.
  const Outcome second = world.run(ingest, {{"OPENAI_API_KEY", ""}});
  CHECK(second.exit_code == 0);
  CHECK(second.out == first.out);
  CHECK(files_below(run_dir) == files);
  CHECK(world.database().value("SELECT max(xmin::text) FROM knowledge_chunks") == written_at);
  CHECK(world.sandbox().calls(k_content) == 2);
}

TEST_CASE("each batch is ingested as it ends, and by itself with --batch-file", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 6);
  const std::string run_dir = world.submit(1, {"--max-requests-per-batch", "2"});
  const std::string second = (batch_folder(run_dir, 2) / "batch.json").string();
  world.let_pass();
  const Outcome one = world.run({"ingest", "--batch-file", second, "--json"});
  CHECK(one.exit_code == 0);
  CHECK(Json(one.out).size("batches") == 1);
  CHECK(Json(one.out).number("batches.0.number") == 2);
  CHECK(Json(one.out).number("rows.written") == 2);
  CHECK(world.count("embedding IS NOT NULL") == 2);

  const Outcome status = world.run({"status", "--batch-file", second, "--json"});
  CHECK(Json(status.out).size("batches") == 1);
  CHECK(Json(status.out).number("rows.selected") == 2);
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.wrong_vectors() == 0);

  for (const std::string& none :
       {run_dir + "/run.json", run_dir, (batch_folder(run_dir, 9) / "batch.json").string()}) {
    const Outcome refused = world.run({"ingest", "--batch-file", none});
    CHECK(refused.exit_code == 2);
    CHECK_THAT(refused.err, StartsWith("embedctl: error: "));
  }
}

TEST_CASE("rows that changed, were filled or were deleted meanwhile are left alone", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 5);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  world.database().exec(
      "UPDATE knowledge_chunks SET content = 'another text' WHERE id = '" + chunk(1) + "'");
  world.database().exec(set_foreign_vector(2));
  world.database().exec("DELETE FROM knowledge_chunks WHERE id = '" + chunk(3) + "'");

  const Outcome outcome = world.run({"ingest", "--run-dir", run_dir, "--json"});
  CHECK(outcome.exit_code == 0);
  const Json answer(outcome.out);
  CHECK(answer.number("rows.written") == 2);
  CHECK(answer.number("rows.stale") == 1);
  CHECK(answer.number("rows.already_set") == 1);
  CHECK(answer.number("rows.missing_row") == 1);
  CHECK(answer.number("rows.selected") == 5);
  CHECK(world.count("embedding IS NULL") == 1);
  CHECK(has_foreign_vector(world, 2));
  CHECK(lines_of(batch_folder(run_dir) / "left_chunk_ids.tsv").size() == 3);

  const std::string next = world.submit(1);
  const auto lines = lines_of(batch_folder(next) / "input.jsonl");
  REQUIRE(lines.size() == 1);
  CHECK(Json(lines[0]).text("body.input") == "another text");
}

TEST_CASE("--overwrite replaces a foreign vector, and never one of another text", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  world.database().exec(set_foreign_vector(1));
  world.database().exec(set_foreign_vector(2));
  world.database().exec(
      "UPDATE knowledge_chunks SET content = 'another text' WHERE id = '" + chunk(2) + "'");
  world.run({"ingest", "--run-dir", run_dir});
  CHECK(has_foreign_vector(world, 1));

  const Outcome outcome = world.run({"ingest", "--run-dir", run_dir, "--overwrite", "--json"});
  CHECK(outcome.exit_code == 0);
  CHECK(Json(outcome.out).number("rows.written") == 2);
  CHECK(Json(outcome.out).number("rows.stale") == 1);
  CHECK(has_foreign_vector(world, 2));
  CHECK(world.wrong_vectors() == 1);
  CHECK(world.sandbox().calls(k_content) == 1);
}

TEST_CASE("--redownload fetches what is here already, and mends what was damaged", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  world.sandbox().plan(fmt::format(
      R"({{"endpoint": "{}", "action": "damage", "mode": "not_json", "count": 1}})", k_content));
  CHECK(
      world.run({"ingest", "--run-dir", run_dir, "--accept-missing"})
          .exit_code
      == 3);
  CHECK(fs::exists(batch_folder(run_dir) / "failed_chunk_ids.tsv"));

  const Outcome outcome = world.run({"ingest", "--run-dir", run_dir, "--redownload", "--json"});
  CHECK(outcome.exit_code == 0);
  CHECK(Json(outcome.out).number("rows.written") == 3);
  CHECK_FALSE(fs::exists(batch_folder(run_dir) / "failed_chunk_ids.tsv"));
  CHECK_FALSE(fs::exists(batch_folder(run_dir) / "quarantine.jsonl"));
  CHECK(world.sandbox().calls(k_content) == 2);
  CHECK(world.wrong_vectors() == 0);
}

TEST_CASE("what could not be written is kept and written later", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  const Arguments ingest = {"ingest", "--run-dir", run_dir, "--retry-timeout", "0"};
  const Outcome gone =
      world.run(ingest, {{"DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none"}});
  CHECK(gone.exit_code == 6);
  CHECK_THAT(gone.err, ContainsSubstring("hint: "));
  const Variables elsewhere = {{"OPENAI_BASE_URL", "http://127.0.0.1:1/v1"}};
  const Outcome other = world.run(ingest, elsewhere);
  CHECK(other.exit_code == 2);
  CHECK_THAT(other.err, ContainsSubstring("was sent to " + world.sandbox().url()));
  Arguments moved = ingest;
  moved.push_back("--provider-moved");
  CHECK(world.run(moved, elsewhere).exit_code == 6);
  CHECK(world.run(ingest).exit_code == 2); // for now it is on record that it moved
  CHECK(world.run(moved).exit_code == 0);
  CHECK(world.wrong_vectors() == 0);
}

} // namespace embedctl::e2e
