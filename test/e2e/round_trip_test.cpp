#include "e2e/world.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <set>

// The promises, seen from outside: rows go out, vectors come home.

namespace embedctl::e2e {

namespace {

std::vector<std::string> ids_in(const fs::path& jsonl) {
  std::vector<std::string> ids;
  for (const std::string& line : lines_of(jsonl))
    ids.push_back(Json(line).text("custom_id"));
  return ids;
}

std::int64_t rows(const Outcome& outcome, const std::string& state) {
  return Json(outcome.out).number("rows." + state);
}

} // namespace

TEST_CASE("submit, status and ingest give every row the vector of its own text", "[e2e]") {
  const World world;
  world.add_family(2);
  world.add_chunks(1, 1, 45);
  world.add_chunks(2, 101, 10);

  const std::string run_dir = world.submit(1, {"--max-requests-per-batch", "20"});
  const std::string other_run = world.submit(2, {"--encoding", "float"});
  REQUIRE(world.sandbox().batch_ids().size() == 4);
  CHECK(world.count("embedding IS NOT NULL") == 0);

  const Outcome early = world.run({"ingest", "--run-dir", run_dir});
  CHECK(early.exit_code == 4);
  CHECK_THAT(early.out, ContainsSubstring("batch 003 is not ready: validating"));

  world.let_pass();
  const Outcome status = world.run({"status", "--run-dir", run_dir, "--json"});
  REQUIRE(status.exit_code == 0);
  const Json answer(status.out);
  CHECK(answer.size("batches") == 3);
  CHECK(answer.text("batches.2.status") == "completed");
  CHECK(answer.number("batches.2.request_counts.completed") == 5);

  const Outcome ingest = world.run({"ingest", "--run-dir", run_dir, "--json"});
  REQUIRE(ingest.exit_code == 0);
  CHECK(rows(ingest, "written") == 45);
  CHECK(rows(ingest, "pending") == 0);
  CHECK(Json(ingest.out).text("state") == "finished");
  CHECK(world.count("embedding IS NOT NULL") == 45);
  REQUIRE(world.run({"ingest", "--run-dir", other_run}).exit_code == 0);
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK(world.wrong_vectors() == 0);
  CHECK(world.sandbox().billed("requests") == 55);
  CHECK(world.sandbox().billed("custom_ids") == 55);
}

TEST_CASE("the order of the results does not matter", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 30);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  REQUIRE(world.run({"ingest", "--run-dir", run_dir, "--keep-plain"}).exit_code == 0);

  auto asked = ids_in(batch_folder(run_dir) / "input.jsonl");
  auto answered = ids_in(batch_folder(run_dir) / "output.jsonl");
  CHECK(asked != answered);
  std::sort(asked.begin(), asked.end());
  std::sort(answered.begin(), answered.end());
  CHECK(asked == answered);
  CHECK(world.wrong_vectors() == 0);
}

TEST_CASE("batches are cut by bytes and by requests, and no row is lost at a cut", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 40);
  const std::string run_dir = world.submit(1, {"--max-bytes-per-batch", "2000", "--dry-run"});
  const std::string by_requests = world.submit(1, {"--max-requests-per-batch", "7", "--dry-run"});

  const auto check = [](const std::string& run, std::uintmax_t most_bytes, std::size_t most_lines) {
    std::set<std::string> ids;
    std::size_t lines = 0;
    std::size_t batches = 0;
    for (; fs::exists(batch_folder(run, static_cast<int>(batches) + 1)); ++batches) {
      const auto input = batch_folder(run, static_cast<int>(batches) + 1) / "input.jsonl";
      CHECK(fs::file_size(input) <= most_bytes);
      const auto in_batch = ids_in(input);
      CHECK(in_batch.size() <= most_lines);
      lines += in_batch.size();
      ids.insert(in_batch.begin(), in_batch.end());
    }
    CHECK(lines == 40);
    CHECK(ids.size() == 40);
    return batches;
  };
  CHECK(check(run_dir, 2000, 40) > 2);
  CHECK(check(by_requests, 1'000'000, 7) == 6);
}

TEST_CASE("rows that fail in either shape are listed and taken up by the next submit", "[e2e]") {
  const World world({"--frozen-clock", "--fail-every", "5"});
  world.add_chunks(1, 1, 20);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  const Outcome ingest = world.run({"ingest", "--run-dir", run_dir, "--json"});
  CHECK(ingest.exit_code == 3);
  CHECK(rows(ingest, "written") == 16);
  CHECK(rows(ingest, "failed") == 4);
  CHECK(world.wrong_vectors() == 0);

  std::set<std::string> codes;
  std::set<std::string> failed;
  for (const std::string& line : lines_of(batch_folder(run_dir) / "failed_chunk_ids.tsv")) {
    const auto tab = line.find('\t');
    failed.insert(line.substr(0, tab));
    codes.insert(line.substr(tab + 1, line.find('\t', tab + 1) - tab - 1));
  }
  CHECK(codes == std::set<std::string>{"request_timeout", "server_error"});

  const std::string next = world.submit(1);
  const auto asked = ids_in(batch_folder(next) / "input.jsonl");
  CHECK(std::set<std::string>(asked.begin(), asked.end()) == failed);
  world.let_pass();
  world.run({"ingest", "--run-dir", next});
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK(world.wrong_vectors() == 0);
  CHECK(world.sandbox().billed("requests") == 20);
  CHECK(world.sandbox().billed("billed_again") == 0);
}

TEST_CASE("an expired batch gives what it finished, and the rest is taken up again", "[e2e]") {
  const World world(
      {"--frozen-clock", "--validating-seconds", "0", "--in-progress-seconds", "100",
       "--window-seconds", "50"});
  world.add_chunks(1, 1, 20);
  const std::string run_dir = world.submit(1);
  world.let_pass(60);
  const Outcome ingest = world.run({"ingest", "--run-dir", run_dir, "--json"});
  CHECK(ingest.exit_code == 3);
  CHECK(Json(ingest.out).text("batches.0.status") == "expired");
  CHECK(rows(ingest, "written") == 10);
  CHECK(rows(ingest, "failed") == 10);
  CHECK_THAT(
      content_of(batch_folder(run_dir) / "failed_chunk_ids.tsv"),
      ContainsSubstring("\tbatch_expired\t"));
  CHECK(world.wrong_vectors() == 0);

  const std::string next = world.submit(1);
  CHECK(lines_of(batch_folder(next) / "input.jsonl").size() == 10);
}

TEST_CASE("a cancelled batch gives what it finished", "[e2e]") {
  const World world(
      {"--frozen-clock", "--validating-seconds", "0", "--in-progress-seconds", "100"});
  world.add_chunks(1, 1, 20);
  const std::string run_dir = world.submit(1);
  world.let_pass(25);
  world.sandbox().post("/v1/batches/" + world.sandbox().batch_ids().at(0) + "/cancel", "");
  const Outcome waiting = world.run({"ingest", "--run-dir", run_dir});
  CHECK(waiting.exit_code == 4);
  CHECK_THAT(waiting.out, ContainsSubstring("cancelling"));

  world.let_pass();
  const Outcome ingest = world.run({"ingest", "--run-dir", run_dir, "--json"});
  CHECK(ingest.exit_code == 3);
  CHECK(rows(ingest, "written") == 5);
  CHECK(rows(ingest, "failed") == 15);
  CHECK_THAT(
      content_of(batch_folder(run_dir) / "failed_chunk_ids.tsv"),
      ContainsSubstring("\tbatch_cancelled\t"));
  CHECK(world.wrong_vectors() == 0);
}

TEST_CASE("other widths and half precision columns are filled as well", "[e2e]") {
  const World world({"--frozen-clock"}, "vector(256)");
  world.add_chunks(1, 1, 5);
  const std::string run_dir = world.submit(1, {"--dims", "256"});
  world.let_pass();
  REQUIRE(world.run({"ingest", "--run-dir", run_dir, "--dims", "256"}).exit_code == 0);
  CHECK(world.count("vector_dims(embedding) = 256") == 5);
  CHECK(world.wrong_vectors(256) == 0);

  world.database().exec("CREATE TEMP TABLE reference AS SELECT id, embedding FROM knowledge_chunks;"
                        "ALTER TABLE knowledge_chunks DROP COLUMN embedding;"
                        "ALTER TABLE knowledge_chunks ADD embedding halfvec(256)");
  const std::string half_run = world.submit(1, {"--dims", "256"});
  world.let_pass();
  REQUIRE(world.run({"ingest", "--run-dir", half_run}).exit_code == 0);
  CHECK(
      world.database().value("SELECT count(*) FROM knowledge_chunks c JOIN reference r USING (id)"
                             " WHERE c.embedding = r.embedding::halfvec")
      == "5");
}

} // namespace embedctl::e2e
