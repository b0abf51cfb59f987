#include "e2e/world.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

// Batches whose creation is in doubt: the one that exists is found, and no other is taken for it.

namespace embedctl::e2e {

namespace {

constexpr const char* k_reply_lost = R"("endpoint": "POST /v1/batches", "action": "drop_after")";

std::string listed(const std::string& batches) {
  return fmt::format(
      R"("endpoint": "GET /v1/batches", "action": "change", "members": {{"data": [{}]}})", batches);
}

Json batch_record(const std::string& run_dir) {
  return Json(content_of(batch_folder(run_dir) / "batch.json"));
}

} // namespace

TEST_CASE("a duplicate that was cancelled is not adopted later", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 4);
  // The first batch shows late in the list, so that a second one is created and the first cancelled.
  world.sandbox().plan(fmt::format(
      R"({{{0}}}, {{{1}, "from": 2}}, {{"endpoint": "POST /v1/batches", "action": "fail_validation",
         "call": 2, "code": "token_limit_exceeded"}})",
      k_reply_lost, listed("")));
  const std::string run_dir = world.submit(1, {"--doubt-grace", "0"});
  REQUIRE(world.sandbox().batch_ids().size() == 2);
  const std::string duplicate = world.sandbox().batch_ids().at(1);
  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 1);
  REQUIRE(batch_record(run_dir).text("duplicates.0.batch_id") == duplicate);

  // The second was refused. The reply to creating a third one is lost, and it shows late as well.
  const std::string cancelled = world.sandbox().get("/v1/batches/" + duplicate);
  world.sandbox().plan(
      fmt::format(R"({{{}}}, {{{}}})", k_reply_lost, listed(cancelled)));
  const Outcome outcome = world.run({"submit", "--run-dir", run_dir, "--doubt-grace", "30"});
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(world.sandbox().faults_fired() == 2);
  REQUIRE(world.sandbox().batch_ids().size() == 3);
  CHECK(batch_record(run_dir).text("batch_id") == world.sandbox().batch_ids().at(0));
  world.let_pass(1000);
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.count("embedding IS NULL") == 0);
}

TEST_CASE("a batch that seems older than its file is found all the same", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 4);
  const auto now = world.database().value("SELECT extract(epoch FROM now())::bigint + 300");
  world.sandbox().plan(fmt::format(
      R"({{"endpoint": "POST /v1/files", "action": "change", "members": {{"created_at": {}}}}},
         {{{}}})",
      now, k_reply_lost));
  const std::string run_dir = world.submit(1, {"--doubt-grace", "1"});
  CHECK(world.sandbox().batch_ids().size() == 1);
  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.sandbox().billed("requests") == 4);
}

} // namespace embedctl::e2e
