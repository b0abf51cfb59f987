#include "pipeline/submit.hpp"

#include "pipeline/in_flight.hpp"

#include "pipeline/world.hpp"
#include "support/catch.hpp"

#include <csignal>
#include <set>

using namespace embedctl;
using namespace embedctl::pipeline;
using namespace embedctl::store;
using namespace embedctl::test;

namespace {

// Works in another folder for as long as it lives.
class WorkingFolder {
public:
  explicit WorkingFolder(const fs::path& folder) : m_before(fs::current_path()) {
    fs::current_path(folder);
  }
  ~WorkingFolder() { fs::current_path(m_before); }

private:
  fs::path m_before;
};

Run dry_run(World& world) {
  auto wish = world.options();
  wish.dry_run = true;
  return *submit(wish, world.ports()).run;
}

// What `submit --run-dir` does, or without `resend_now` what `run` does first.
void send_rest_of(World& world, Run& run, bool resend_now = false) {
  world.executor = world.make_executor({.resend_now = resend_now});
  std::optional<Claim> claim;
  if (run.record().dry_run)
    claim.emplace(release_dry_run(run, world.ports()));
  AdvanceOptions options;
  options.collect = false;
  options.parallel = 2;
  advance(run, options, world.ports());
}

// Each row is in this many live batches at the provider.
std::map<std::string, int> bought(World& world) {
  std::map<std::string, int> times;
  for (const RemoteBatch& batch : world.provider.batches) {
    const std::string& content = world.provider.contents[batch.input_file_id];
    for (const auto& row : world.source.rows)
      if (content.find("\"custom_id\":\"" + row.key + "\"") != std::string::npos)
        ++times[row.key];
  }
  return times;
}

std::vector<std::string> keys_of(const Run& run) {
  std::vector<std::string> keys;
  for (const BatchRecord& batch : run.batches())
    for_each_key(run.paths(batch).rows(), [&](std::string_view key) { keys.emplace_back(key); });
  return keys;
}

} // namespace

TEST_CASE("submit sends every open row once, in as many batches as are needed", "[pipeline]") {
  World world(45);
  world.source.rows[3].embedded = true;
  const Run run = world.submit(10);
  CHECK(run.batches().size() == 5);
  CHECK(run.is_locked());
  CHECK(run.state() == RunState::in_flight);
  CHECK(run.record().selection == SelectionState::complete);
  CHECK(run.rows()[RowState::pending] == 44);
  CHECK(world.provider.access_checks == 1);
  const auto times = bought(world);
  CHECK(times.size() == 44);
  for (const auto& [key, count] : times)
    CHECK(count == 1);
  for (const BatchRecord& batch : run.batches())
    CHECK(load_batch_record(run.paths(batch).record()).state == BatchState::submitted);
}

TEST_CASE("every batch of many, sent at once, carries the name of its run", "[pipeline]") {
  World world(40);
  const Run run = world.submit(1);
  REQUIRE(world.provider.batches.size() == 40);
  std::set<std::string> numbers;
  for (const RemoteBatch& batch : world.provider.batches) {
    CHECK(batch.metadata.at("embedctl_run") == run.record().run_id);
    numbers.insert(batch.metadata.at("embedctl_batch"));
  }
  CHECK(numbers.size() == 40);
}

TEST_CASE("nothing left to embed makes no folder", "[pipeline]") {
  World world(2);
  for (auto& row : world.source.rows)
    row.embedded = true;
  const auto report = submit(world.options(), world.ports());
  CHECK_FALSE(report.run);
  CHECK(report.scope.filled == 2);
  CHECK(world.provider.access_checks == 0);
  CHECK_FALSE(fs::exists(world.options().batches_dir));
}

TEST_CASE("a scope that does not exist is named", "[pipeline]") {
  World world;
  world.source.exists = false;
  CHECK_THROWS_WITH(
      submit(world.options(), world.ports()),
      "family " + k_scope + " does not exist");
}

TEST_CASE("a limit bounds what is selected", "[pipeline]") {
  World world(10);
  auto wish = world.options();
  wish.limit = 4;
  const auto report = submit(wish, world.ports());
  CHECK(report.run->rows().total() == 4);
  CHECK(report.run->record().limit == 4u);
}

TEST_CASE("rows in flight are left out, and their run is named", "[pipeline]") {
  World world(5);
  std::optional<Run> first(world.submit());
  world.source.rows.push_back({"row-5", "text 5"});
  const auto report = submit(world.options(), world.ports());
  REQUIRE(report.run);
  CHECK(report.run->rows().total() == 1);
  REQUIRE(report.held.size() == 1);
  CHECK(report.held[0].rows == 5);
  CHECK(report.held[0].run == first->paths().folder().string());
  const auto again = submit(world.options(), world.ports());
  CHECK_FALSE(again.run);
  for (const auto& [key, count] : bought(world))
    CHECK(count == 1);
}

TEST_CASE("a submit takes the rows of its scope, and those of others hold nothing up", "[pipeline]") {
  World world(3);
  const std::string other = "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a22";
  for (const char* key : {"row-3", "row-4"})
    world.source.rows.insert(world.source.rows.begin(), {key, "text", false, other});
  auto options = world.options();
  const auto mine = submit(options, world.ports());
  options.scope = other;
  const auto theirs = submit(options, world.ports());
  REQUIRE(mine.run);
  REQUIRE(theirs.run);
  CHECK(keys_of(*mine.run) == std::vector<std::string>{"row-0", "row-1", "row-2"});
  CHECK(keys_of(*theirs.run) == std::vector<std::string>{"row-4", "row-3"});
  CHECK(theirs.held.empty());
  CHECK(theirs.run->record().scope == other);
  CHECK(mine.run->paths().folder().parent_path().filename() == k_scope);
  CHECK(theirs.run->paths().folder().parent_path().filename() == other);
  CHECK(bought(world).size() == 5);
  for (auto& row : world.source.rows)
    row.embedded = row.scope == other;
  const auto nothing = submit(options, world.ports());
  CHECK_FALSE(nothing.run);
  CHECK(nothing.scope.rows == 2);
  CHECK(nothing.scope.filled == 2);
}

TEST_CASE("a database that does not tell who it is counts as the same one", "[pipeline]") {
  for (const bool told_first : {true, false}) {
    World world(3);
    const DatabaseIdentity told = world.source.database;
    const DatabaseIdentity untold = {told.name, ""};
    world.source.database = told_first ? told : untold;
    const Run first = world.submit();
    world.source.database = told_first ? untold : told;
    CHECK_FALSE(submit(world.options(), world.ports()).run);
  }
}

TEST_CASE("runs of other rows, dry runs and finished runs hold nothing", "[pipeline]") {
  World world(3);
  const auto batches_dir = world.options().batches_dir;
  RunRecord mine = some_run_record();
  mine.table = world.source.table();
  mine.database = world.source.database;
  const auto held = [&] { return rows_in_flight(batches_dir, mine).size(); };
  const Run dry = dry_run(world);
  CHECK(held() == 0);
  Run run = world.submit();
  CHECK(held() == 1);
  RunRecord other = mine;
  other.table = "other.knowledge_chunks";
  CHECK(rows_in_flight(batches_dir, other).empty());
  other.table = ""; // as a run of format 1 has it
  CHECK(rows_in_flight(batches_dir, other).size() == 1);
  other.task.rows.table = "other";
  CHECK(rows_in_flight(batches_dir, other).empty());
  other = mine;
  other.task.rows.table = "public.knowledge_chunks"; // by another name
  CHECK(rows_in_flight(batches_dir, other).size() == 1);
  other.task.target.column = "other";
  CHECK(rows_in_flight(batches_dir, other).empty());
  other = mine;
  other.scope = "another scope";
  for (const DatabaseIdentity& database :
       {DatabaseIdentity{"another", "7300000000000000000"}, DatabaseIdentity{"app", "1"}}) {
    other.database = database;
    CHECK(rows_in_flight(batches_dir, other).empty());
    mine.database = database; // perhaps the same one, renamed or restored
    CHECK(kind_of([&] { held(); }) == ErrorKind::usage);
  }
  mine.database = world.source.database;
  run.batches()[0].state = BatchState::ingested;
  run.save(run.batches()[0]);
  CHECK(held() == 0);
  run.settle();
  CHECK(held() == 0);
}

TEST_CASE("a run that cannot be read stops the next submit", "[pipeline]") {
  World world(3);
  const Run run = world.submit();
  for (const auto& path : {run.paths().batch(1).record(), run.paths().record()}) {
    write_file_atomically(path, "{");
    CHECK(
        kind_of([&] { submit(world.options(), world.ports()); })
        == ErrorKind::corrupt);
    CHECK(text_of(path) == "{");
  }
  CHECK(world.provider.creates == 1);
}

TEST_CASE("a dry run writes the files, needs no provider and is sent later", "[pipeline]") {
  World world(5);
  Run run = dry_run(world);
  CHECK(run.state() == RunState::prepared);
  CHECK(run.batches()[0].state == BatchState::written);
  CHECK(fs::exists(run.paths().batch(1).input()));
  send_rest_of(world, run);
  CHECK(run.state() == RunState::in_flight);
  CHECK_FALSE(Run::load(run.paths().folder()).record().dry_run);
  CHECK(world.provider.creates == 1);
  send_rest_of(world, run);
  CHECK(world.provider.creates == 1);
}

TEST_CASE("a dry run whose rows changed, were filled or are in flight is not sent", "[pipeline]") {
  const std::function<void(World&)> changes[] = {
      [](World& world) { world.source.rows[1].text = "changed"; },
      [](World& world) { world.source.rows[1].embedded = true; },
      [](World& world) { world.source.rows.pop_back(); }, [](World& world) { world.submit(); }};
  for (const auto& change : changes) {
    World world(3);
    Run run = dry_run(world);
    change(world);
    const int creates = world.provider.creates;
    CHECK(kind_of([&] { send_rest_of(world, run); }) == ErrorKind::usage);
    CHECK(world.provider.creates == creates);
    CHECK(Run::load(run.paths().folder()).state() == RunState::prepared);
  }
}

TEST_CASE("a dry run named from within its folder still sees what is in flight", "[pipeline]") {
  for (const char* name : {"run", "."}) {
    World world(3);
    const fs::path folder = dry_run(world).paths().folder();
    world.submit();
    const WorkingFolder inside(*name == '.' ? folder : folder.parent_path());
    Run run = Run::load(*name == '.' ? fs::path(".") : folder.filename());
    run.lock();
    CHECK(kind_of([&] { send_rest_of(world, run); }) == ErrorKind::usage);
    CHECK(world.provider.creates == 1);
  }
}

TEST_CASE(
    "what an interrupted submit left is sent, and its unfinished batch dropped", "[pipeline]") {
  World world(25);
  world.progress.on_advance = [](Phase phase, std::uint64_t rows) {
    if (phase == Phase::select && rows == 25)
      throw Killed{};
  };
  CHECK_THROWS_AS(world.submit(10), Killed);
  world.progress.on_advance = nullptr;
  const auto folders = all_runs(world.options().batches_dir);
  REQUIRE(folders.size() == 1);
  Run run = Run::load(folders[0]);
  run.lock();
  REQUIRE(run.batches().size() == 3);
  send_rest_of(world, run);
  CHECK(run.batches().size() == 2);
  CHECK(run.state() == RunState::in_flight);
  CHECK(run.record().selection == SelectionState::interrupted);
  const auto report = submit(world.options(), world.ports());
  CHECK(report.run->rows().total() == 5);
  const auto times = bought(world);
  CHECK(times.size() == 25);
  for (const auto& [key, count] : times)
    CHECK(count == 1);
}

TEST_CASE("a provider that refuses leaves every row written down and held", "[pipeline]") {
  World world(25);
  world.provider.before_create = [] { throw Error(ErrorKind::provider, "refused"); };
  CHECK(kind_of([&] { world.submit(10); }) == ErrorKind::provider);
  world.provider.before_create = nullptr;
  const auto folders = all_runs(world.options().batches_dir);
  REQUIRE(folders.size() == 1);
  Run run = Run::load(folders[0]);
  CHECK(run.rows()[RowState::pending] == 25);
  CHECK_FALSE(submit(world.options(), world.ports()).run);
  run.lock();
  send_rest_of(world, run);
  CHECK(run.state() == RunState::in_flight);
  for (const auto& [key, count] : bought(world))
    CHECK(count == 1);
}

TEST_CASE("a second submit of the scope is held off while one is at work", "[pipeline]") {
  World world(3);
  const auto lock = lock_place(place_of(world.options().batches_dir, world.options().task, k_scope));
  CHECK(
      kind_of([&] { submit(world.options(), world.ports()); })
      == ErrorKind::locked);
  CHECK(world.provider.creates == 0);
  CHECK(all_runs(world.options().batches_dir).empty());
}

TEST_CASE("a stop is noticed at the next row, however slowly rows come", "[pipeline]") {
  World world(25);
  std::uint64_t last = 0;
  world.source.after_row = [&](std::uint64_t taken) {
    last = taken;
    world.stop.request(SIGINT);
  };
  CHECK(kind_of([&] { world.submit(); }) == ErrorKind::interrupted);
  CHECK(last == 1);
}

TEST_CASE("other machines are held off while rows are selected and sent", "[pipeline]") {
  World world(3);
  std::vector<int> holds;
  const auto look = [&] { holds.push_back(world.source.holds); };
  world.source.after_row = [&](std::uint64_t) { look(); };
  world.provider.before_create = look;
  world.submit();
  CHECK(holds == std::vector<int>(4, 1));
  CHECK(world.source.holds == 0);
}

TEST_CASE("other machines are held off while a dry run is sent", "[pipeline]") {
  World world(3);
  Run run = dry_run(world);
  std::vector<int> holds;
  world.provider.before_create = [&] { holds.push_back(world.source.holds); };
  send_rest_of(world, run);
  CHECK(holds == std::vector<int>{1});
  CHECK(world.source.holds == 0);
}

TEST_CASE("rows that are all skipped make no run", "[pipeline]") {
  World world(2);
  for (auto& row : world.source.rows)
    row.text = " ";
  const SubmitReport report = pipeline::submit(world.options(), world.ports());
  CHECK(world.provider.files.empty());
  CHECK(!report.run);
  CHECK(report.skipped == RowsByCode{{"empty_text", 2}});
  CHECK(store::all_runs(world.scratch / "batches").empty());
}

TEST_CASE("rows that were skipped before the first request are listed with it", "[pipeline]") {
  World world(3);
  world.source.rows[0].text = world.source.rows[1].text = " ";
  const Run run = world.submit();
  REQUIRE(run.batches().size() == 1);
  CHECK(run.rows()[RowState::skipped] == 2);
  CHECK(
      text_of(run.paths(run.batches()[0]).skipped()) == "row-0\tempty_text\nrow-1\tempty_text\n");
}

TEST_CASE("rows that are left out take no place of the limit", "[pipeline]") {
  World world(5);
  for (int i = 0; i < 3; ++i)
    world.source.rows[static_cast<std::size_t>(i)].text = " ";
  auto options = world.options();
  options.limit = 2;
  pipeline::submit(options, world.ports()).remember_told();
  options.limit = 1;
  const auto report = pipeline::submit(options, world.ports());
  CHECK(report.set_aside == RowsByCode{{"empty_text", 2}});
  CHECK(report.skipped == RowsByCode{{"empty_text", 1}});
  report.remember_told();
  CHECK(world.submit(options).rows().total() == 1);
}

TEST_CASE("refused batches are sent again when they are asked for", "[pipeline]") {
  World world(4);
  Run run = world.submit(2);
  for (BatchRecord& batch : run.batches()) {
    world.provider.refuse(batch.batch_id, "invalid_request");
    batch.remote = world.provider.batch(batch.batch_id);
    batch.state = BatchState::ended;
  }
  send_rest_of(world, run, false);
  CHECK(world.provider.creates == 2);
  CHECK(run.state() == RunState::incomplete);
  send_rest_of(world, run, true);
  CHECK(world.provider.creates == 4);
  CHECK(run.state() == RunState::in_flight);
}
