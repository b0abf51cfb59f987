#include "e2e/world.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

// A provider whose words and result files do not agree: what it counts as done is asked for again,
// and never bought again.

namespace embedctl::e2e {

namespace {

constexpr const char* k_content = "GET /v1/files/{id}/content";
constexpr const char* k_retrieve = "GET /v1/batches/{id}";

std::string content_fault(const std::string& what) {
  return fmt::format(R"({{"endpoint": "{}", {}}})", k_content, what);
}

std::string members_fault(const std::string& members, int count) {
  return fmt::format(
      R"({{"endpoint": "{}", "action": "change", "count": {}, "members": {{{}}}}})", k_retrieve,
      count, members);
}

// Twenty rows whose batch has ended, one of them failed at the provider, and a plan of faults.
struct Settling : World {
  std::string run_dir;

  explicit Settling(Arguments sandbox = {"--frozen-clock"}) : World(std::move(sandbox)) {
    add_chunks(1, 1, 20);
    run_dir = submit(1);
    let_pass();
  }

  Outcome ingest(const Arguments& more = {}) const {
    Arguments arguments = {"ingest", "--run-dir", run_dir, "--retry-timeout", "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }

  void check_all_written() const {
    CHECK(count("embedding IS NULL") == 0);
    CHECK(wrong_vectors() == 0);
    CHECK(sandbox().billed("requests") == 20);
    CHECK(sandbox().billed("billed_again") == 0);
  }
};

} // namespace

TEST_CASE("a wrong answer of the provider is asked for again until it is right", "[e2e]") {
  const Settling world;
  const std::string plan = GENERATE(
      content_fault(R"("action": "status", "status": 200, "body": "")"),
      content_fault(R"("action": "status", "status": 200, "count": 2, "body": "<html>Busy</html>")"),
      content_fault(R"("action": "damage", "mode": "drop_line", "lines": [2, 5])"),
      content_fault(R"("action": "status", "status": 404, "count": 2)"),
      members_fault(R"("output_file_id": null)", 1),
      members_fault(R"("output_file_id": "", "request_counts": null)", 2),
      members_fault(R"("output_file_id": null, "status": "expired",
                       "request_counts": {"total": 20, "completed": 0, "failed": 0})", 1),
      members_fault(R"("output_file_id": null, "status": "failed",
                       "request_counts": {"total": 0, "completed": 0, "failed": 0})", 1),
      members_fault(R"("output_file_id": null, "status": "failed",
                       "request_counts": {"total": 20, "completed": 20, "failed": 0})", 1));
  INFO(plan);
  world.sandbox().plan(plan);
  const Outcome outcome = world.run({"ingest", "--run-dir", world.run_dir});
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(world.sandbox().faults_fired() > 0);
  world.check_all_written();
}

TEST_CASE("a failed poll of the error file loses no reason", "[e2e]") {
  const World world({"--frozen-clock", "--fail-every", "4"});
  world.add_chunks(1, 1, 8);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  const std::string plan = GENERATE(
      members_fault(R"("error_file_id": null)", 1),
      content_fault(R"("call": 2, "action": "status", "status": 200, "body": "<html>")"));
  world.sandbox().plan(plan);
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 3);
  const auto failed = lines_of(batch_folder(run_dir) / "failed_chunk_ids.tsv");
  REQUIRE(failed.size() == 2);
  CHECK(failed[0].find("no_result") == std::string::npos);
}

TEST_CASE("results that stay missing hold their rows, and are said aloud", "[e2e]") {
  const Settling world;
  struct Case {
    std::string plan;
    int written;
  };
  const Case each = GENERATE(
      Case{content_fault(R"("action": "damage", "mode": "drop_line", "lines": [2, 5], "count": 0)"), 18},
      Case{content_fault(R"("action": "status", "status": 200, "body": "", "count": 0)"), 0},
      Case{members_fault(R"("output_file_id": null)", 0), 0},
      Case{members_fault(R"("output_file_id": null, "request_counts": null)", 0), 0},
      Case{members_fault(R"("output_file_id": null, "status": "failed")", 0), 0});
  INFO(each.plan);
  world.sandbox().plan(each.plan);
  const Arguments once = {"run", "--family-id", family(1), "--once", "--retry-timeout", "2"};
  for (const bool by_cron : {false, true, true}) {
    const Outcome outcome = by_cron ? world.run(once) : world.ingest();
    INFO(outcome.out << outcome.err);
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.err, ContainsSubstring("batch 001: "));
    CHECK_THAT(outcome.err, ContainsSubstring("embedctl ingest --run-dir"));
    CHECK_THAT(outcome.err, ContainsSubstring("--redownload"));
    CHECK_THAT(outcome.err, ContainsSubstring("--accept-missing"));
    CHECK(world.count("embedding IS NOT NULL") == static_cast<std::uint64_t>(each.written));
    CHECK(world.sandbox().batch_ids().size() == 1);
    const Json record(content_of(batch_folder(world.run_dir) / "batch.json"));
    CHECK(record.text("state") == "ended");
    CHECK(record.number("rows.pending") == 20 - each.written);
  }
  SECTION("until the provider gives them") {
    world.sandbox().plan("");
    const Outcome outcome = world.ingest({"--redownload"});
    INFO(outcome.out << outcome.err);
    CHECK(outcome.exit_code == 0);
    world.check_all_written();
    CHECK(world.run({"verify", "--run-dir", world.run_dir}).exit_code == 0);
  }
  SECTION("until a person accepts the loss") {
    const Outcome outcome = world.ingest({"--accept-missing", "--json"});
    INFO(outcome.out << outcome.err);
    CHECK(outcome.exit_code == 3);
    CHECK(Json(outcome.out).number("rows.failed") == 20 - each.written);
    CHECK_THAT(
        content_of(batch_folder(world.run_dir) / "failed_chunk_ids.tsv"),
        ContainsSubstring("\tno_result\t"));
    CHECK(world.run({"verify", "--run-dir", world.run_dir}).exit_code == 0);
  }
}

TEST_CASE("a refusal that is taken back at the next look creates no second batch", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 4);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  world.sandbox().plan(members_fault(
      R"("output_file_id": null, "status": "failed", "request_counts": null,
         "errors": {"data": [{"code": "token_limit_exceeded", "message": "Enqueued"}]})", 1));
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 1);
  const Outcome outcome = world.run({"submit", "--run-dir", run_dir});
  INFO(outcome.out << outcome.err);
  CHECK(world.sandbox().batch_ids().size() == 1);
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK(world.sandbox().billed("requests") == 4);
}

TEST_CASE("a batch that is cancelled while it is validated settles", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 4);
  const std::string run_dir = world.submit(1);
  world.sandbox().cancel(world.sandbox().batch_ids().at(0));
  world.let_pass(1000);
  const Outcome outcome = world.run({"ingest", "--run-dir", run_dir});
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 3);
  CHECK(world.sandbox().billed("requests") == 0);
}

} // namespace embedctl::e2e
