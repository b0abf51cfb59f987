#include "store/run.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "store/batch_writer.hpp"

#include "support/catch.hpp"
#include "support/records.hpp"
#include "support/scratch_folder.hpp"

#include <functional>

using namespace embedctl;
using namespace embedctl::store;
using embedctl::test::k_scope;
using embedctl::test::ScratchFolder;
using embedctl::test::some_run_record;

namespace {

ErrorKind kind_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.kind();
  }
  FAIL("nothing was thrown");
  return ErrorKind::internal;
}

// Writes a batch with one row and adds it to the run.
BatchRecord& add_batch(Run& run, const std::string& key) {
  const int number = static_cast<int>(run.batches().size()) + 1;
  BatchWriter writer(run.paths().batch(number), number);
  writer.add(key, {}, key, "line\n");
  run.batches().push_back(writer.finish());
  return run.batches().back();
}

BatchRecord in_state(BatchState state, RemoteStatus status = RemoteStatus::completed) {
  BatchRecord batch;
  batch.number = 1;
  batch.state = state;
  batch.remote.emplace().status = status;
  return batch;
}

RunState state_of(const std::vector<BatchRecord>& batches) {
  const ScratchFolder scratch;
  Run run = Run::create(scratch / "batches", some_run_record());
  run.batches().assign(batches.begin(), batches.end());
  return run.state();
}

} // namespace

TEST_CASE("a run folder is named by scope and time, and two in one second are two", "[store]") {
  const ScratchFolder scratch;
  const Run first = Run::create(scratch / "batches", some_run_record());
  const Run second = Run::create(scratch / "batches", some_run_record());
  CHECK(first.paths().folder() == scratch / "batches" / k_scope / "run_20231114_221320");
  CHECK(second.paths().folder() == scratch / "batches" / k_scope / "run_20231114_221320_2");
  CHECK(runs_in(scratch / "batches" / k_scope).size() == 2);
  CHECK(all_runs(scratch / "batches").size() == 2);
  CHECK(all_runs(scratch / "none").empty());
  CHECK(runs_in(scratch / "batches" / "other").empty());
}

TEST_CASE("a scope that is no plain name makes no folder", "[store]") {
  const ScratchFolder scratch;
  for (const std::string& scope :
       {std::string(), std::string(".."), std::string("../x"), std::string("a/b"),
        std::string(".hidden"), std::string("a\0b", 3), std::string(201, 'x')}) {
    RunRecord record = some_run_record();
    record.scope = scope;
    CHECK(kind_of([&] { Run::create(scratch / "batches", record); }) == ErrorKind::usage);
    CHECK(
        kind_of([&] { place_of(scratch / "batches", record.task, scope); }) == ErrorKind::usage);
  }
  CHECK_FALSE(fs::exists(scratch / "batches"));
}

TEST_CASE("runs of other tasks lie under their entity and task, whatever their scope", "[store]") {
  const ScratchFolder scratch;
  const fs::path batches = scratch / "batches";
  RunRecord record = some_run_record();
  record.task.built_in = false;
  record.task.entity = "my item";
  record.task.name = "embed";
  const std::vector<std::pair<std::string, std::string>> scopes = {
      {"7", "7"},
      {"", "%"},
      {"..", "%2E."},
      {"a/b\n", "a%2Fb%0A"},
      {"run_1", "run_1"},
      {"\xc3\xa9%", "%C3%A9%25"}};
  for (const auto& [scope, folder] : scopes) {
    record.scope = scope;
    const Run run = Run::create(batches, record);
    CHECK(run.paths().folder().parent_path() == batches / "my%20item.embed" / folder);
    CHECK(run.paths().batch(1).failed().filename() == "failed_rows.tsv");
    CHECK(batches_dir_of(run) == fs::canonical(batches));
    CHECK(Run::load(run.paths().folder()).record().scope == scope);
  }
  record.scope = std::string(300, '/');
  const std::string first = place_of(batches, record.task, record.scope).filename().string();
  record.scope += "/";
  const std::string second = place_of(batches, record.task, record.scope).filename().string();
  CHECK(first.size() == 200);
  CHECK(first != second);
  const Run built_in = Run::create(batches, some_run_record());
  CHECK(built_in.paths().batch(1).failed().filename() == "failed_chunk_ids.tsv");
  CHECK(batches_dir_of(built_in) == fs::canonical(batches));
  CHECK(all_runs(batches).size() == scopes.size() + 1);
}

TEST_CASE("one process at a time works on a run, and who only looks needs no lock", "[store]") {
  const ScratchFolder scratch;
  const Run run = Run::create(scratch / "batches", some_run_record());
  CHECK(run.is_locked());
  Run second = Run::load(run.paths().folder());
  CHECK_FALSE(second.is_locked());
  CHECK(kind_of([&] { second.lock(); }) == ErrorKind::locked);
  const fs::path place = place_of(scratch / "batches", some_run_record().task, k_scope);
  const auto lock = lock_place(place);
  CHECK(kind_of([&] { lock_place(place); }) == ErrorKind::locked);
}

TEST_CASE("taking the lock reads again what the last holder left", "[store]") {
  const ScratchFolder scratch;
  std::optional<Run> first(Run::create(scratch / "batches", some_run_record()));
  Run second = Run::load(first->paths().folder());
  add_batch(*first, "a").state = BatchState::submitted;
  first->save(first->batches().back());
  RunRecord record = first->record();
  record.selection = SelectionState::complete;
  first->save(record);
  first.reset();
  CHECK(second.batches().empty());
  second.lock();
  REQUIRE(second.batches().size() == 1);
  CHECK(second.batches()[0].state == BatchState::submitted);
  CHECK(second.record().selection == SelectionState::complete);
}

TEST_CASE("batches are read in the order of their numbers", "[store]") {
  const ScratchFolder scratch;
  Run run = Run::create(scratch / "batches", some_run_record());
  for (const int number : {1000, 2, 999, 1}) {
    BatchWriter writer(run.paths().batch(number), number);
    writer.add("a", {}, "a", "line\n");
    writer.finish();
  }
  fs::create_directory(run.paths().batches() / "batch_x");
  fs::create_directory(run.paths().batches() / "batch_001.bak");
  fs::create_directory(run.paths().batches() / "batch_12345678901234567890");
  std::vector<int> numbers;
  const Run loaded = Run::load(run.paths().folder().string() + "/");
  for (const BatchRecord& batch : loaded.batches())
    numbers.push_back(batch.number);
  CHECK(numbers == std::vector{1, 2, 999, 1000});
  CHECK(loaded.rows()[RowState::pending] == 4);
}

TEST_CASE("a batch is never there twice, whatever its copies are called", "[store]") {
  const ScratchFolder scratch;
  Run run = Run::create(scratch / "batches", some_run_record());
  add_batch(run, "a");
  fs::copy(run.paths().batch(1).folder(), run.paths().batches() / "batch_1");
  CHECK(Run::load(run.paths().folder()).batches().size() == 1);
  fs::copy(run.paths().batch(1).folder(), run.paths().batch(2).folder());
  CHECK(kind_of([&] { Run::load(run.paths().folder()); }) == ErrorKind::corrupt);
}

TEST_CASE("a batch whose files were never finished is dropped", "[store]") {
  const ScratchFolder scratch;
  Run run = Run::create(scratch / "batches", some_run_record());
  add_batch(run, "a");
  save_batch_record(run.paths().batch(1).record(), run.batches()[0]);
  BatchWriter half(run.paths().batch(2), 2);
  half.add("b", {}, "b", "line\n");
  // Died before the first batch.json had its name.
  fs::create_directories(run.paths().batch(3).folder());
  write_file_atomically(run.paths().batch(3).record().string() + ".tmp", "{");

  Run loaded = Run::load(run.paths().folder());
  REQUIRE(loaded.batches().size() == 3);
  CHECK(loaded.batches()[1].state == BatchState::planned);
  CHECK(loaded.batches()[2].state == BatchState::planned);
  CHECK(loaded.drop_planned() == 2);
  CHECK(loaded.batches().size() == 1);
  CHECK_FALSE(fs::exists(run.paths().batch(2).folder()));
  CHECK_FALSE(fs::exists(run.paths().batch(3).folder()));
  CHECK(fs::exists(run.paths().batch(1).input()));
  CHECK(loaded.drop_planned() == 0);
}

TEST_CASE("a batch that lost its batch.json is damaged and not thrown away", "[store]") {
  const ScratchFolder scratch;
  Run run = Run::create(scratch / "batches", some_run_record());
  add_batch(run, "a");
  fs::rename(run.paths().batch(1).record(), run.paths().batch(1).record().string() + ".tmp");
  CHECK(kind_of([&] { Run::load(run.paths().folder()); }) == ErrorKind::corrupt);
  CHECK(fs::exists(run.paths().batch(1).input()));
}

TEST_CASE("a run is as far as its batches", "[store]") {
  const auto written = in_state(BatchState::written);
  const auto submitted = in_state(BatchState::submitted);
  const auto ended = in_state(BatchState::ended);
  const auto refused = in_state(BatchState::ended, RemoteStatus::failed);
  const auto downloaded = in_state(BatchState::downloaded);
  const auto ingested = in_state(BatchState::ingested);
  CHECK(state_of({}) == RunState::finished);
  CHECK(state_of({ingested, ingested}) == RunState::finished);
  CHECK(state_of({ingested, downloaded}) == RunState::ended);
  CHECK(state_of({ended, submitted}) == RunState::in_flight);
  CHECK(state_of({submitted, ended}) == RunState::in_flight);
  CHECK(state_of({ingested, in_state(BatchState::creating)}) == RunState::incomplete);
  CHECK(state_of({submitted, written}) == RunState::incomplete);
  CHECK(state_of({submitted, refused}) == RunState::incomplete);
}

TEST_CASE("a dry run is prepared, and never finished", "[store]") {
  const ScratchFolder scratch;
  RunRecord record = some_run_record();
  record.dry_run = true;
  Run run = Run::create(scratch / "batches", record);
  run.settle();
  CHECK(run.state() == RunState::prepared);
  CHECK_FALSE(run.record().finished);
}

TEST_CASE("finished is written when it becomes true and when it no longer is", "[store]") {
  const ScratchFolder scratch;
  Run run = Run::create(scratch / "batches", some_run_record());
  BatchRecord& batch = add_batch(run, "a");
  batch.state = BatchState::ingested;
  run.settle();
  CHECK(Run::load(run.paths().folder()).record().finished);
  batch.state = BatchState::downloaded;
  run.settle();
  CHECK_FALSE(Run::load(run.paths().folder()).record().finished);
}

TEST_CASE("temporary files that a crash left change nothing", "[store]") {
  const ScratchFolder scratch;
  Run run = Run::create(scratch / "batches", some_run_record());
  BatchRecord& batch = add_batch(run, "a");
  for (const auto& path : {run.paths().record(), run.paths(batch).record()})
    write_file_atomically(path.string() + ".tmp", "{\"format\": 1, \"cut");
  Run loaded = Run::load(run.paths().folder());
  CHECK(loaded.batches().at(0).state == BatchState::written);
  loaded.save(loaded.batches()[0]);
  CHECK(Run::load(run.paths().folder()).batches().size() == 1);
}

TEST_CASE("a batch.json leads to its run", "[store]") {
  const ScratchFolder scratch;
  Run run = Run::create(scratch / "batches", some_run_record());
  add_batch(run, "a");
  const auto address = address_of(run.paths().batch(1).record());
  CHECK(address.run_folder == run.paths().folder());
  CHECK(address.number == 1);
  for (const auto& other :
       {run.paths().batch(1).input(), run.paths().record(), run.paths().folder() / "batch.json",
        fs::path("batch.json"), fs::path("/")})
    CHECK(kind_of([&] { address_of(other); }) == ErrorKind::usage);
}
