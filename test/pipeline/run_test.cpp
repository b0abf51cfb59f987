#include "pipeline/run.hpp"

#include "pipeline/poll.hpp"

#include "pipeline/world.hpp"
#include "support/catch.hpp"

#include <limits>

using namespace embedctl;
using namespace embedctl::pipeline;
using namespace embedctl::store;
using namespace embedctl::test;

namespace {

void run_on(World& world, Run& run) {
  run_to_end(run, {}, world.ports());
}

} // namespace

TEST_CASE("a run is polled until it is finished, each batch taken in as it ends", "[pipeline]") {
  World world(6);
  Run run = world.submit(2);
  std::vector<std::size_t> written;
  int naps = 0;
  world.clock.on_sleep = [&] {
    written.push_back(world.sink.vectors.size());
    BatchRecord& batch = run.batches().at(static_cast<std::size_t>(2 - naps++));
    world.provider.end(batch.batch_id, RemoteStatus::completed, World::all_good(run, batch));
  };
  run_on(world, run);
  CHECK(written == std::vector<std::size_t>{0, 2, 4});
  CHECK(run.rows()[RowState::written] == 6);
  CHECK(run.record().finished);
  CHECK(world.clock.sleeps == std::vector<Clock::Duration>(3, std::chrono::seconds(60)));
}

TEST_CASE("a refused batch is sent again after pauses that grow", "[pipeline]") {
  World world(2);
  Run run = world.submit();
  std::vector<std::int64_t> sent_at;
  const std::int64_t start = world.clock.unix_seconds();
  world.provider.before_create = [&] { sent_at.push_back(world.clock.unix_seconds() - start); };
  world.clock.on_sleep = [&] {
    BatchRecord& batch = run.batches().at(0);
    if (batch.state != BatchState::submitted)
      return;
    if (world.provider.creates < 4)
      world.provider.refuse(batch.batch_id, "token_limit_exceeded");
    else
      world.end_all(run);
  };
  run_on(world, run);
  CHECK(world.provider.creates == 4);
  CHECK(run.batches()[0].refusals.size() == 3);
  CHECK(run.rows()[RowState::written] == 2);
  REQUIRE(sent_at.size() == 3);
  CHECK(sent_at[1] - sent_at[0] > sent_at[0]);
  CHECK(sent_at[2] - sent_at[1] > sent_at[1] - sent_at[0]);
  CHECK(run.batches()[0].upload_attempt == 1);
}

TEST_CASE("the wait counts no row of a refused batch, and all of them in the end", "[pipeline]") {
  World world(5);
  Run run = world.submit(3);
  const std::uint64_t& waited = world.progress.rows_done[static_cast<std::size_t>(Phase::wait)];
  std::vector<std::uint64_t> shown;
  world.clock.on_sleep = [&] {
    shown.push_back(waited);
    if (shown.size() == 1)
      CHECK_THAT(world.progress.described[Phase::wait], StartsWith("2 "));
    if (shown.size() == 1)
      world.provider.refuse(run.batches()[0].batch_id, "token_limit_exceeded");
    else
      world.end_all(run);
  };
  run_on(world, run);
  REQUIRE(shown.size() >= 3);
  CHECK(shown[1] == 0);
  CHECK(shown[2] == 2);
  CHECK(waited == 5);
}

TEST_CASE("a refusal that waiting cannot mend ends the run", "[pipeline]") {
  World world(2);
  Run run = world.submit();
  world.provider.refuse(run.batches()[0].batch_id, "invalid_url");
  run_on(world, run);
  CHECK(run.rows()[RowState::failed] == 2);
  CHECK(world.provider.creates == 1);
}

TEST_CASE("a run goes on from wherever a killed process left it", "[pipeline]") {
  World world(25);
  // Killed in the middle of the third batch, with the first two sent.
  world.progress.on_advance = [](Phase phase, std::uint64_t rows) {
    if (phase == Phase::select && rows == 25)
      throw Killed{};
  };
  CHECK_THROWS_AS(world.submit(10), Killed);
  world.progress.on_advance = nullptr;
  auto runs = unfinished_runs(world.options().batches_dir, world.options().task, k_scope);
  REQUIRE(runs.size() == 1);
  Run& run = runs[0];
  run.lock();
  world.clock.on_sleep = [&] { world.end_all(run); };
  run_on(world, run);
  CHECK(run.state() == RunState::finished);
  CHECK(run.rows()[RowState::written] == 20);
  CHECK(unfinished_runs(world.options().batches_dir, world.options().task, k_scope).empty());
}

TEST_CASE("a run that died before its first batch is finished with nothing in it", "[pipeline]") {
  World world;
  RunRecord record = some_run_record();
  Run::create(world.options().batches_dir, record);
  auto runs = unfinished_runs(world.options().batches_dir, world.options().task, k_scope);
  REQUIRE(runs.size() == 1);
  runs[0].lock();
  run_on(world, runs[0]);
  CHECK(runs[0].record().finished);
  CHECK(world.clock.sleeps.empty());
}

TEST_CASE("a run sends a dry run that it is given, and passes over others", "[pipeline]") {
  World world(2);
  auto wish = world.options();
  wish.dry_run = true;
  Run run = *submit(wish, world.ports()).run;
  CHECK(unfinished_runs(wish.batches_dir, wish.task, k_scope).empty());
  world.clock.on_sleep = [&] { world.end_all(run); };
  run_on(world, run);
  CHECK(run.rows()[RowState::written] == 2);
}

TEST_CASE("counts of the provider are shown and not believed", "[pipeline]") {
  World world(2);
  Run run = world.submit();
  constexpr auto k_most = std::numeric_limits<std::int64_t>::max();
  world.provider.batches.at(0).counts = {-1, k_most, k_most};
  world.clock.on_sleep = [&] { world.end_all(run); };
  run_on(world, run);
  CHECK(run.rows()[RowState::written] == 2);
}

TEST_CASE("asking stores nothing, and polling stores what it was told", "[pipeline]") {
  World world(4);
  Run run = world.submit(2);
  world.provider.end(run.batches()[1].batch_id, RemoteStatus::expired, "x\n");
  ask(run, std::nullopt, world.provider, world.clock);
  CHECK(run.batches()[1].state == BatchState::ended);
  CHECK(load_batch_record(run.paths().batch(2).record()).state == BatchState::submitted);
  Run again = Run::load(run.paths().folder());
  poll(again, std::nullopt, world.provider, world.runtime());
  CHECK(load_batch_record(run.paths().batch(2).record()).state == BatchState::ended);
  CHECK(
      load_batch_record(run.paths().batch(1).record()).remote->status == RemoteStatus::validating);
  CHECK(any_with_provider(again, std::nullopt));
  CHECK_FALSE(any_with_provider(again, 2));
}
