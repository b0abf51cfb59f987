#include "pipeline/failed_rows.hpp"

#include "pipeline/world.hpp"
#include "support/catch.hpp"

using namespace embedctl;
using namespace embedctl::pipeline;
using namespace embedctl::test;

namespace {

// Ends the run's only batch: row-0 fails, all others are good.
void end_with_a_failure(World& world, const store::Run& run) {
  const auto& batch = run.batches().front();
  const auto ledger = store::Ledger::load(run.paths(batch).rows());
  std::string lines = World::failed_line("row-0", "server_error");
  for (std::size_t row = 0; row < ledger.rows(); ++row)
    if (ledger.key(row) != "row-0")
      lines += World::good_line(std::string(ledger.key(row)));
  world.provider.end(batch.batch_id, RemoteStatus::completed, lines);
}

store::Failures failures_of(const store::Run& run) {
  return store::Failures::load(store::failures_file(run));
}

} // namespace

TEST_CASE("a batch's failures are counted once, however often it is ingested", "[pipeline]") {
  World world(3);
  store::Run run = world.submit();
  end_with_a_failure(world, run);
  const store::BatchRecord sent = run.batches().front();
  world.ingest(run);
  CHECK(failures_of(run).find("row-0")->times == 1);
  CHECK(failures_of(run).size() == 1);
  CHECK(run.batches().front().failures_counted);

  // As if it had been killed before batch.json was saved.
  run.batches().front() = sent;
  run.save(sent);
  world.ingest(run);
  CHECK(failures_of(run).find("row-0")->times == 1);

  // Long after another run has counted it as well.
  auto failures = failures_of(run);
  auto other = *failures.find("row-0");
  other.run_id = "another";
  failures.put("row-0", other);
  failures.save(store::failures_file(run));
  ApplyOptions again;
  again.redownload = true;
  world.ingest(run, again);
  CHECK(failures_of(run).find("row-0")->times == 1);
}

TEST_CASE("a row counts up with the same text, and from one with another", "[pipeline]") {
  World world(1);
  for (std::uint32_t times = 1; times <= 2; ++times) {
    store::Run run = world.submit();
    end_with_a_failure(world, run);
    world.ingest(run);
    CHECK(failures_of(run).find("row-0")->times == times);
  }
  world.source.rows[0].text = "edited";
  store::Run run = world.submit();
  end_with_a_failure(world, run);
  world.ingest(run);
  CHECK(failures_of(run).find("row-0")->times == 1);
}

TEST_CASE("a whole batch that is refused has no failed rows to remember", "[pipeline]") {
  World world(2);
  store::Run run = world.submit();
  world.provider.refuse(run.batches().front().batch_id, "invalid_json_line");
  world.ingest(run);
  CHECK(run.rows()[RowState::failed] == 2);
  CHECK(failures_of(run).size() == 0);
}

TEST_CASE("what did not run before the batch was over has not failed", "[pipeline]") {
  World world(3);
  store::Run run = world.submit();
  world.provider.end(
      run.batches().front().batch_id, RemoteStatus::expired,
      World::good_line("row-1") + World::failed_line("row-0", "batch_expired"));
  world.ingest(run);
  CHECK(run.rows()[RowState::failed] == 2); // row-2 has no result
  CHECK(failures_of(run).size() == 0);
}

TEST_CASE("the screen leaves out what failed too often and tells once", "[pipeline]") {
  World world;
  const fs::path file = world.scratch / "failures.tsv";
  Request request;
  const SourceRow bad{"bad", "text", FakeSource::print_of("text")};
  const SourceRow blank{"blank", "", {}};
  store::Failures failures;
  store::Failure failure;
  failure.fingerprint = bad.fingerprint;
  failure.request = store::request_hash(request);
  failure.times = 2;
  failure.code = "server_error";
  failures.put("bad", failure);
  failures.save(file);

  CHECK(Screen(file, request, {3, false}).admits(bad));
  CHECK(!Screen(file, request, {2, false}).admits(bad));
  CHECK(Screen(file, request, {2, true}).admits(bad));
  CHECK(Screen(file, request, {2, false}).admits({"bad", "new", FakeSource::print_of("new")}));
  Request other = request;
  other.model = "another";
  CHECK(Screen(file, other, {2, false}).admits(bad));

  Screen first(file, request, {});
  CHECK(first.tells(blank, "empty_text", 1));
  CHECK(first.told() == RowsByCode{{"empty_text", 1}});
  CHECK(Screen(file, request, {}).tells(blank, "empty_text", 1)); // nobody was told yet
  first.remember_told(world.clock);
  Screen later(file, request, {});
  CHECK(!later.tells(blank, "empty_text", 1));
  CHECK(later.tells(blank, "too_large", 1));
  CHECK(later.left_out() == RowsByCode{{"empty_text", 1}});
  CHECK(Screen(file, request, {3, true}).tells(blank, "empty_text", 1));
  CHECK(store::Failures::load(file).find("bad")->times == 2);
}
