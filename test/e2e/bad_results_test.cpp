#include "e2e/world.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

// Result files that are not as they should be: no wrong vector, no lost row, nothing thrown away.

namespace embedctl::e2e {

namespace {

struct Damage {
  const char* mode;
  const char* encoding;
  int written;                   // of three rows
  const char* code = nullptr;    // in failed_chunk_ids.tsv
  const char* finding = nullptr; // in batch.json
};

constexpr Damage k_damages[] = {
    {"not_json", "base64", 2, "no_result", "damaged_lines"},
    {"no_custom_id", "base64", 2, "no_result", "damaged_lines"},
    {"repeat_custom_id", "base64", 3, nullptr, "repeated_lines"},
    {"conflicting_custom_id", "base64", 2, "conflicting_results"},
    {"conflicting_custom_id", "float", 2, "conflicting_results"},
    {"unknown_custom_id", "float", 2, "no_result", "unknown_ids"},
    {"wrong_width", "base64", 2, "wrong_width"},
    {"wrong_width", "float", 2, "wrong_width"},
    {"nan", "base64", 2, "not_finite"},
    {"nan", "float", 2, "bad_number"},
    {"inf", "base64", 2, "not_finite"},
    {"inf", "float", 2, "bad_number"},
    {"empty_array", "base64", 2, "wrong_width"},
    {"empty_array", "float", 2, "wrong_width"},
    {"non_2xx_with_embedding", "base64", 2, "http_500"},
    {"status_zero", "float", 2, "http_0"},
    {"drop_line", "base64", 2, "no_result"},
};

constexpr const char* k_content = "GET /v1/files/{id}/content";

} // namespace

TEST_CASE("a damaged result line costs its own row and no other", "[e2e]") {
  const World world;
  int next = 1;
  for (const Damage& damage : k_damages) {
    INFO(damage.mode << " " << damage.encoding);
    world.add_chunks(1, next, 3);
    next += 3;
    const std::string run_dir = world.submit(1, {"--encoding", damage.encoding});
    world.let_pass();
    world.sandbox().plan(fmt::format(
        R"({{"endpoint": "{}", "action": "damage", "mode": "{}", "lines": [2], "count": 0}})",
        k_content, damage.mode));
    // Where a line is missing by its id, the provider may have it: a person decides.
    const bool is_missing = damage.code != nullptr && std::string_view(damage.code) == "no_result";
    if (is_missing)
      CHECK(
          world.run({"ingest", "--run-dir", run_dir, "--retry-timeout", "0"}).exit_code == 1);
    Arguments ingest = {"ingest", "--run-dir", run_dir, "--json"};
    if (is_missing)
      ingest.push_back("--accept-missing");
    const Outcome outcome = world.run(ingest);
    INFO(outcome.out << outcome.err);
    CHECK(outcome.exit_code == (damage.written == 3 ? 0 : 3));
    const Json answer(outcome.out);
    CHECK(answer.number("rows.written") == damage.written);
    CHECK(answer.number("rows.failed") == 3 - damage.written);
    CHECK(answer.number("rows.selected") == 3);
    if (damage.code != nullptr)
      CHECK_THAT(
          content_of(batch_folder(run_dir) / "failed_chunk_ids.tsv"),
          ContainsSubstring(fmt::format("\t{}\t", damage.code)));
    if (damage.finding != nullptr)
      CHECK(answer.number(fmt::format("batches.0.findings.{}", damage.finding)) == 1);
    // A line that no row can be given is kept.
    const bool homeless = damage.finding != nullptr && damage.written == 2;
    if (homeless)
      CHECK(lines_of(batch_folder(run_dir) / "quarantine.jsonl").size() == 1);
    CHECK(world.wrong_vectors() == 0);
    world.database().exec("DELETE FROM knowledge_chunks WHERE embedding IS NULL");
  }
}

TEST_CASE("a line that was damaged on its way is fetched again", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  world.sandbox().plan(
      fmt::format(R"({{"endpoint": "{}", "action": "damage", "mode": "not_json"}})", k_content));
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.sandbox().faults_fired() == 1);
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK(world.wrong_vectors() == 0);
  CHECK_FALSE(fs::exists(batch_folder(run_dir) / "quarantine.jsonl"));
}

TEST_CASE("an empty id of an error file means that there is none", "[e2e]") {
  const World world({"--frozen-clock", "--empty-error-file-id"});
  world.add_chunks(1, 1, 3);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK_FALSE(fs::exists(batch_folder(run_dir) / "errors.jsonl"));
  CHECK(world.sandbox().calls(k_content) == 1);
}

TEST_CASE("a batch that completed with no output file fails its rows by their codes", "[e2e]") {
  const World world({"--frozen-clock", "--fail-every", "1"});
  world.add_chunks(1, 1, 4);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  const Outcome outcome = world.run({"ingest", "--run-dir", run_dir, "--json"});
  CHECK(outcome.exit_code == 3);
  CHECK(Json(outcome.out).text("batches.0.status") == "completed");
  CHECK(Json(outcome.out).number("rows.failed") == 4);
  CHECK_FALSE(fs::exists(batch_folder(run_dir) / "output.jsonl"));
}

TEST_CASE("a batch that ended with no file at all is shown as it is", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 4);
  const std::string run_dir = world.submit(1);
  const std::string id = world.sandbox().batch_ids().at(0);
  for (const char* status : {"completed", "expired", "cancelled"}) {
    world.sandbox().plan(fmt::format(
        R"({{"endpoint": "GET /v1/batches/{{id}}", "action": "status", "status": 200, "body":
        {{"id": "{}", "object": "batch", "endpoint": "/v1/embeddings", "input_file_id": "file-x",
        "completion_window": "24h", "created_at": 1, "status": "{}", "output_file_id": null,
        "error_file_id": "", "request_counts": null}}}})",
        id, status));
    const Outcome asked = world.run({"status", "--run-dir", run_dir, "--json"});
    CHECK(Json(asked.out).text("batches.0.status") == status);
  }
}

TEST_CASE("a status that is not known is no end", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 2);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  world.sandbox().plan(fmt::format(
      R"({{"endpoint": "GET /v1/batches/{{id}}", "action": "status", "status": 200, "body":
      {{"id": "{}", "status": "meditating\u001b[31m", "created_at": 1}}}})",
      world.sandbox().batch_ids().at(0)));
  const Outcome outcome = world.run({"ingest", "--run-dir", run_dir});
  CHECK(outcome.exit_code == 4);
  CHECK_THAT(outcome.out, ContainsSubstring("meditating"));
  CHECK(outcome.out.find('\x1b') == std::string::npos);
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
}

TEST_CASE("a download that is cut short or delayed is completed", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 50);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  world.sandbox().plan(fmt::format(
      R"({{"endpoint": "{0}", "action": "truncate", "bytes": 70000}},
         {{"endpoint": "{0}", "action": "drop_before", "call": 2}})",
      k_content));
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.sandbox().faults_fired() == 2);
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK(world.wrong_vectors() == 0);
}

} // namespace embedctl::e2e
