#include "pipeline/index_care.hpp"

#include "pipeline/run.hpp"
#include "pipeline/world.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <csignal>

using namespace embedctl;
using namespace embedctl::pipeline;
using namespace embedctl::store;
using namespace embedctl::test;

namespace {

// A run whose batches have ended, and a table with an index.
struct Indexed : World {
  Run run;
  ApplyOptions options;

  explicit Indexed(int rows = 4, std::uint64_t requests_per_batch = 1000)
      : World(rows), run(submit(requests_per_batch)) {
    end_all(run);
    keeper.indexes = {some_index()};
    options.index = IndexPolicy::rebuild;
    sink.before_write = [this] { indexes_while_writing = keeper.indexes.size(); };
  }

  void ingest() { World::ingest(run, options); }

  ErrorKind failure() {
    try {
      ingest();
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::internal;
  }

  bool is_recorded() const { return fs::exists(run.paths().indexes()); }
  bool said(const std::string& part) const {
    return std::any_of(progress.notes.begin(), progress.notes.end(), [&](const auto& note) {
      return note.find(part) != std::string::npos;
    });
  }

  // The index is there, nothing is owed, and all rows are written.
  void check_whole() {
    CHECK(keeper.indexes == std::vector<VectorIndex>{some_index()});
    CHECK_FALSE(is_recorded());
    CHECK(run.record().finished);
    CHECK(run.rows()[RowState::written] == run.rows().total());
  }

  std::size_t indexes_while_writing = 99;
};

using Calls = std::vector<std::string>;
const std::string k_build = "build public.embedding_idx";

} // namespace

TEST_CASE("with rebuild an index is away exactly while rows are written", "[pipeline][index]") {
  Indexed world(6, 2);
  world.keeper.after_drop = [&] { CHECK(world.is_recorded()); };
  world.keeper.before_build = [&](const VectorIndex&) {
    CHECK(world.is_recorded());
    CHECK(world.sink.vectors.size() == 6);
    CHECK_FALSE(load_run_record(world.run.paths().record()).finished);
  };
  world.ingest();
  CHECK(world.keeper.calls == Calls{"drop", k_build});
  CHECK(world.indexes_while_writing == 0);
  world.check_whole();

  // Nothing is due now, so that nothing is dropped.
  world.ingest();
  CHECK(world.keeper.calls.size() == 2);
}

TEST_CASE("with keep the index stays, and what it costs is said up front", "[pipeline][index]") {
  Indexed world;
  world.options.index = IndexPolicy::keep;
  world.keeper.costs.seconds_per_row = 100;
  world.sink.before_write = [&] { CHECK(world.said("about 7 minutes")); };
  world.ingest();
  CHECK(world.said("--index rebuild"));
  CHECK(world.said("public.embedding_idx"));
  CHECK(world.keeper.calls.empty());
  world.check_whole();
}

TEST_CASE("with auto an index is rebuilt where that is faster", "[pipeline][index]") {
  struct Case {
    double seconds_per_row;
    std::uint64_t vectors;
    std::uint64_t rows_in_memory;
    bool rebuilt;
  };
  for (const Case& each :
       {Case{100, 0, 1000, true}, Case{100, 4, 1000, true}, Case{100, 9, 1000, false},
        Case{100, 4, 2, false},     // most of the build would be as slow as writing
        Case{1, 0, 1000, false}}) { // four seconds
    Indexed world;
    world.options.index = IndexPolicy::automatic;
    world.keeper.costs.seconds_per_row = each.seconds_per_row;
    world.keeper.costs.rows_in_memory = each.rows_in_memory;
    world.keeper.vectors = each.vectors;
    world.ingest();
    INFO(each.seconds_per_row << " " << each.vectors << " " << each.rows_in_memory);
    CHECK((world.indexes_while_writing == 0) == each.rebuilt);
    world.check_whole();
  }
}

TEST_CASE("an index that cannot be built again is kept, or the load refused", "[pipeline][index]") {
  Indexed world;
  world.keeper.costs.obstacles = {"index public.embedding_idx is not valid"};
  CHECK_THROWS_AS(check_policy(IndexPolicy::rebuild, &world.keeper), Error);
  CHECK(world.failure() == ErrorKind::database);
  CHECK(world.sink.vectors.empty());
  CHECK(world.keeper.calls.empty());
  world.options.index = IndexPolicy::automatic;
  world.keeper.costs.seconds_per_row = 100;
  check_policy(IndexPolicy::automatic, &world.keeper);
  world.ingest();
  CHECK(world.said("is not valid"));
  CHECK(world.indexes_while_writing == 1);
}

TEST_CASE(
    "a table in use fails a rebuild before it wrote, and makes auto keep", "[pipeline][index]") {
  Indexed world;
  world.keeper.costs.seconds_per_row = 100;
  world.keeper.before_drop = [] { throw Error(ErrorKind::locked, "in use by process 7"); };
  CHECK(world.failure() == ErrorKind::locked);
  CHECK(world.sink.vectors.empty());
  CHECK_FALSE(world.is_recorded());
  world.options.index = IndexPolicy::automatic;
  world.ingest();
  CHECK(world.said("in use by process 7"));
  CHECK(world.indexes_while_writing == 1);
  world.check_whole();
}

TEST_CASE("an index comes back although the writing failed", "[pipeline][index]") {
  Indexed world;
  const auto fail_writing = [&](const Error& error) {
    world.keeper.calls.clear();
    world.sink.before_write = [error] { throw error; };
    return world.failure();
  };
  CHECK(fail_writing({ErrorKind::io, "disk full"}) == ErrorKind::io);
  CHECK(world.keeper.calls == Calls{"drop", k_build});
  CHECK_FALSE(world.is_recorded());

  SECTION("unless it was asked to stop") {
    CHECK(fail_writing({ErrorKind::interrupted, "stopped"}) == ErrorKind::interrupted);
  }
  SECTION("unless the database is away") {
    Error away(ErrorKind::unreachable, "no connection");
    away.sqlstate = "08006";
    CHECK(fail_writing(away) == ErrorKind::unreachable);
  }
  SECTION("unless it cannot be built") {
    world.keeper.before_build = [](const auto&) { throw Error(ErrorKind::database, "no room"); };
    CHECK(fail_writing({ErrorKind::io, "disk full"}) == ErrorKind::io);
    CHECK(world.said("no room"));
    world.keeper.before_build = {};
  }
  if (!world.is_recorded())
    return;
  CHECK(world.keeper.indexes.empty());
  CHECK(world.said("IS MISSING"));
  CHECK(world.run.state() == RunState::ended);
  world.sink.before_write = [] {};
  world.options.index = IndexPolicy::keep;
  world.ingest();
  world.check_whole();
}

TEST_CASE("a build that is stopped is told of as missing", "[pipeline][index]") {
  Indexed world;
  world.keeper.before_build = [](const auto&) { throw Error(ErrorKind::interrupted, "stopped"); };
  CHECK(world.failure() == ErrorKind::interrupted);
  CHECK(world.said("public.embedding_idx was dropped for writing and IS MISSING"));
  CHECK(world.is_recorded());
}

TEST_CASE("an ingest that dies leaves the index to the next one", "[pipeline][index]") {
  Indexed world;
  const auto die = [] { throw Killed(); };
  SECTION("before the drop") {
    world.keeper.before_drop = die;
  }
  SECTION("after the drop") {
    world.keeper.after_drop = die;
  }
  SECTION("while it writes") {
    world.sink.before_write = die;
  }
  SECTION("while it builds") {
    world.keeper.before_build = [&](const auto&) { die(); };
  }
  CHECK_THROWS_AS(world.ingest(), Killed);
  world.keeper.before_drop = world.keeper.after_drop = world.sink.before_write = {};
  world.keeper.before_build = {};
  world.keeper.calls.clear();
  if (world.is_recorded())
    CHECK(world.run.state() == RunState::ended);
  const auto runs = unfinished_runs(world.scratch / "batches", entities::built_in_task(), k_scope);
  CHECK(runs.size() == 1);

  world.options.index = IndexPolicy::keep;
  world.ingest();
  world.check_whole();
}

TEST_CASE(
    "what is missing from an earlier load is not forgotten by the next", "[pipeline][index]") {
  Indexed world;
  const VectorIndex other = some_index("public.other");
  world.run.save(IndexRecord{1, {other}});
  SECTION("while it writes, with what is there in place") {
    world.sink.before_write = [] { throw Killed(); };
    CHECK_THROWS_AS(world.ingest(), Killed);
    CHECK(world.run.missing_indexes().indexes == std::vector<VectorIndex>{other});
  }
  world.sink.before_write = {};
  world.keeper.calls.clear();
  world.ingest();
  CHECK(world.keeper.calls == Calls{"build public.other"});
  CHECK(world.keeper.indexes == std::vector<VectorIndex>{some_index(), other});
  CHECK_FALSE(world.is_recorded());
}

TEST_CASE("without a keeper no policy does anything", "[pipeline][index]") {
  Indexed world;
  for (const IndexPolicy policy :
       {IndexPolicy::keep, IndexPolicy::rebuild, IndexPolicy::automatic}) {
    check_policy(policy, nullptr);
    CHECK_FALSE(wants_rebuild(policy, 1'000'000'000, nullptr, world.runtime()));
  }
  Ports ports = world.ports();
  ports.indexes = nullptr;
  AdvanceOptions options;
  options.apply = world.options;
  advance(world.run, options, ports);
  CHECK(world.keeper.calls.empty());
  world.check_whole();
}

TEST_CASE("one index that cannot be built does not hold up the others", "[pipeline][index]") {
  Indexed world;
  world.keeper.indexes = {some_index("public.bad"), some_index()};
  world.keeper.before_build = [](const VectorIndex& index) {
    if (index.name == "public.bad")
      throw Error(ErrorKind::database, "something else has its name");
  };
  CHECK(world.failure() == ErrorKind::database);
  CHECK(world.keeper.indexes == std::vector<VectorIndex>{some_index()});
  CHECK(world.run.missing_indexes().indexes == std::vector<VectorIndex>{some_index("public.bad")});
  CHECK(world.run.rows()[RowState::written] == 4);
  CHECK_FALSE(world.run.record().finished);
}

TEST_CASE("a run with an index to rebuild writes all its batches together", "[pipeline][index]") {
  World world(6);
  Run run = world.submit(2);
  world.keeper.indexes = {some_index()};
  int naps = 0;
  world.clock.on_sleep = [&] {
    CHECK(world.sink.vectors.empty());
    CHECK(world.keeper.indexes.size() == 1);
    BatchRecord& batch = run.batches().at(static_cast<std::size_t>(2 - naps++));
    world.provider.end(batch.batch_id, RemoteStatus::completed, World::all_good(run, batch));
  };
  AdvanceOptions options;
  options.apply.index = IndexPolicy::rebuild;
  run_to_end(run, options, world.ports());
  CHECK(naps == 3);
  CHECK(world.keeper.calls == Calls{"drop", k_build});
  CHECK(run.record().finished);
}

TEST_CASE("a run builds what is missing before it waits", "[pipeline][index]") {
  World world(2);
  Run run = world.submit();
  run.save(IndexRecord{1, {some_index()}});
  world.clock.on_sleep = [&] {
    CHECK(world.keeper.indexes.size() == 1);
    world.end_all(run);
  };
  run_to_end(run, {}, world.ports());
  CHECK(run.record().finished);
}

TEST_CASE("another index under a missing one's name does not take its place", "[pipeline][index]") {
  Indexed world;
  VectorIndex missing = some_index();
  missing.comment = "for the search";
  world.run.save(IndexRecord{1, {missing}});
  SECTION("one that differs stays, and the run is not finished") {
    VectorIndex& other = world.keeper.indexes.front();
    other.definition += " WITH (m='8')";
    CHECK(world.failure() == ErrorKind::database);
    CHECK(world.run.rows()[RowState::written] == 4);
    CHECK(world.run.missing_indexes().indexes == std::vector<VectorIndex>{missing});
    CHECK_FALSE(world.run.record().finished);
    CHECK(world.keeper.calls == Calls{k_build});
  }
  SECTION("one made by hand as it was gets what else is on record") {
    world.ingest();
    CHECK(world.keeper.indexes == std::vector<VectorIndex>{missing});
    CHECK_FALSE(world.is_recorded());
  }
}

TEST_CASE("a batch without results costs no index", "[pipeline][index]") {
  Indexed world;
  RemoteBatch& remote = world.provider.batch(world.run.batches().at(0).batch_id);
  remote.output_file_id.clear();
  remote.error_file_id.clear();
  remote.status = RemoteStatus::expired;
  remote.counts = {4, 0, 0, true};
  world.ingest();
  CHECK(world.keeper.calls.empty());
  CHECK(world.run.rows()[RowState::failed] == world.run.rows().total());
}
