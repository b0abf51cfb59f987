#include "pipeline/world.hpp"
#include "support/catch.hpp"

using namespace embedctl;
using namespace embedctl::pipeline;
using namespace embedctl::test;

namespace {

Outcome apply(World& world, store::Run& run, const ApplyOptions& apply = {}) {
  AdvanceOptions options;
  options.send = false;
  options.apply = apply;
  return advance(run, options, world.ports());
}

} // namespace

TEST_CASE("a batch with locked rows is written after the others, with growing pauses", "[pipeline]") {
  World world(6);
  store::Run run = world.submit(3);
  world.end_all(run);
  world.sink.fates["row-1"] = RowState::pending;
  world.clock.on_sleep = [&] {
    CHECK(run.batches()[0].state == store::BatchState::downloaded);
    CHECK(run.batches()[1].state == store::BatchState::ingested);
    if (world.clock.sleeps.size() == 3)
      world.sink.fates.clear();
  };
  CHECK(std::holds_alternative<Done>(apply(world, run)));
  CHECK(
      world.clock.sleeps
      == std::vector<Clock::Duration>{Clock::Duration{500}, Clock::Duration{1000}, Clock::Duration{2000}});
  CHECK(run.rows()[RowState::written] == 6);
  CHECK(world.progress.rows_done.at(static_cast<std::size_t>(Phase::write)) == 6);
}

TEST_CASE("when the patience ends, a batch with locked rows is left as it is", "[pipeline]") {
  World world(3);
  store::Run run = world.submit();
  world.end_all(run);
  world.sink.fates["row-1"] = RowState::pending;
  CHECK(std::holds_alternative<WaitUntil>(apply(world, run)));
  CHECK(world.clock.steady().time_since_epoch() <= std::chrono::seconds{11});
  CHECK(run.batches()[0].state == store::BatchState::downloaded);
  CHECK_FALSE(run.record().finished);
  world.sink.fates.clear();
  CHECK(std::holds_alternative<Done>(apply(world, run)));
  CHECK(run.rows()[RowState::written] == 3);
}

TEST_CASE("rows that are all missing or refused alike settle only where others are found", "[pipeline]") {
  for (const RowState fate : {RowState::missing_row, RowState::failed})
    for (const bool others_are_found : {false, true}) {
      World world(6);
      store::Run run = world.submit(3);
      world.end_all(run);
      for (const char* row : {"row-0", "row-1", "row-2"})
        world.sink.fates[row] = fate;
      if (!others_are_found)
        for (const char* row : {"row-3", "row-4", "row-5"})
          world.sink.fates[row] = fate;
      const Outcome outcome = apply(world, run);
      CHECK(std::holds_alternative<Blocked>(outcome) != others_are_found);
      CHECK(run.batches()[0].is_ingested() == others_are_found);
      CHECK(run.rows()[fate] == (others_are_found ? 3 : 0));
      CHECK(run.record().finished == others_are_found);
    }
}

TEST_CASE("a person may accept that all rows are missing, and not that all are refused", "[pipeline]") {
  for (const RowState fate : {RowState::missing_row, RowState::failed}) {
    World world(2);
    store::Run run = world.submit();
    world.end_all(run);
    world.sink.fates = {{"row-0", fate}, {"row-1", fate}};
    ApplyOptions options;
    options.accept_missing_rows = true;
    CHECK(std::holds_alternative<Done>(apply(world, run, options)) == (fate == RowState::missing_row));
  }
}

TEST_CASE("one row that is refused is failed with its reason, also alone", "[pipeline]") {
  World world(1);
  store::Run run = world.submit();
  world.end_all(run);
  world.sink.fates["row-0"] = RowState::failed;
  CHECK(std::holds_alternative<Done>(apply(world, run)));
  CHECK(
      text_of(run.paths(run.batches()[0]).failed()) == "row-0\tnot_updated\tcheck_violation\n");
}

TEST_CASE("nothing is selected or sent where the answers could not be written", "[pipeline]") {
  World world(2);
  world.source.refusal.emplace(ErrorKind::database, "a standby");
  CHECK(kind_of([&] { world.submit(); }) == ErrorKind::database);
  SubmitOptions dry = world.options();
  dry.dry_run = true;
  store::Run run = world.submit(dry);
  const auto claim = release_dry_run(run, world.ports());
  CHECK(kind_of([&] { advance(run, {}, world.ports()); }) == ErrorKind::database);
  CHECK(run.batches()[0].state == store::BatchState::written);
}
