#include "pipeline/advance.hpp"

#include "pipeline/world.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <csignal>

using namespace embedctl;
using namespace embedctl::pipeline;
using namespace embedctl::store;
using namespace embedctl::test;

namespace {

// A run of one batch that is with the provider.
struct Ingesting : World {
  Run run;
  ApplyOptions options;

  explicit Ingesting(int rows) : World(rows), run(submit()) {}

  BatchRecord& batch() { return run.batches().at(0); }
  BatchPaths paths() { return run.paths().batch(1); }

  void
  end(const std::string& output,
      const std::string& errors = {},
      RemoteStatus status = RemoteStatus::completed) {
    provider.end(batch().batch_id, status, output, errors);
  }
  void ingest() { World::ingest(run, options); }

  std::uint64_t count(RowState state) {
    CHECK(run.rows().total() == batch().asked + batch().skipped);
    CHECK(load_batch_record(paths().record()).rows == run.rows());
    return run.rows()[state];
  }
  std::string failed() { return fs::exists(paths().failed()) ? text_of(paths().failed()) : ""; }
  std::string left() { return fs::exists(paths().left()) ? text_of(paths().left()) : ""; }
  std::string quarantine() {
    return fs::exists(paths().quarantine()) ? text_of(paths().quarantine()) : "";
  }
};

} // namespace

TEST_CASE("every vector goes to the row of its own id, whatever the order", "[pipeline]") {
  Ingesting world(25);
  world.options.write.chunk_size = 10;
  world.end(World::all_good(world.run, world.batch()));
  world.ingest();
  CHECK(world.count(RowState::written) == 25);
  std::sort(world.sink.chunk_sizes.begin(), world.sink.chunk_sizes.end());
  CHECK(world.sink.chunk_sizes == std::vector<std::size_t>{5, 10, 10});
  for (int i = 0; i < 25; ++i) {
    const std::string key = fmt::format("row-{}", i);
    CHECK(world.sink.vectors[key] == std::vector{static_cast<float>(i), 0.5F});
    CHECK(world.sink.fingerprints[key] == FakeSource::print_of(fmt::format("text {}", i)));
  }
  CHECK(world.batch().state == BatchState::archived);
  CHECK(world.run.record().finished);
  CHECK_FALSE(fs::exists(world.paths().failed()));
  CHECK_FALSE(fs::exists(world.paths().left()));
  CHECK_FALSE(fs::exists(world.paths().quarantine()));
}

TEST_CASE("batches that are not ready are left alone", "[pipeline]") {
  Ingesting world(3);
  for (const RemoteStatus status :
       {RemoteStatus::validating, RemoteStatus::in_progress, RemoteStatus::finalizing,
        RemoteStatus::cancelling, RemoteStatus::unknown}) {
    world.provider.batch(world.batch().batch_id).status = status;
    world.ingest();
    CHECK(world.batch().state == BatchState::submitted);
  }
  CHECK(world.count(RowState::pending) == 3);
  CHECK(world.provider.downloads == 0);
}

TEST_CASE("each row ends in one state, whatever became of it", "[pipeline]") {
  Ingesting world(9);
  world.sink.fates = {
      {"row-1", RowState::already_set},
      {"row-2", RowState::stale},
      {"row-3", RowState::missing_row},
      {"row-4", RowState::failed}};
  std::string output;
  for (int i = 0; i < 6; ++i)
    output += World::good_line(fmt::format("row-{}", i));
  output += World::result_line("row-6", "[1,2,3]") + World::result_line("row-7", "[1,null]");
  world.end(output, World::failed_line("row-8", "rate_limit_exceeded"));
  world.ingest();
  CHECK(world.count(RowState::written) == 2);
  CHECK(world.count(RowState::already_set) == 1);
  CHECK(world.count(RowState::stale) == 1);
  CHECK(world.count(RowState::missing_row) == 1);
  CHECK(world.count(RowState::failed) == 4);
  CHECK(world.left() == "row-1\talready_set\nrow-2\tstale\nrow-3\tmissing_row\n");
  CHECK_THAT(world.failed(), ContainsSubstring("row-4\tnot_updated\t"));
  CHECK_THAT(world.failed(), ContainsSubstring("row-6\twrong_width\tgot 3 numbers instead of 2\n"));
  CHECK_THAT(world.failed(), ContainsSubstring("row-7\tbad_number\t"));
  CHECK_THAT(world.failed(), ContainsSubstring("row-8\trate_limit_exceeded\ttold so\n"));
}

TEST_CASE("rows that a person accepts as missing have failed", "[pipeline]") {
  Ingesting world(3);
  world.end(World::good_line("row-1"));
  world.options.give_up_as = "no_result";
  world.ingest();
  CHECK(world.count(RowState::written) == 1);
  CHECK(world.count(RowState::failed) == 2);
  CHECK_THAT(world.failed(), ContainsSubstring("row-0\tno_result\tthe batch is completed"));
  CHECK(world.provider.retrieves == 2); // once more than it takes to see that it has ended
}

TEST_CASE("rows that share a request all get its answer", "[pipeline]") {
  Ingesting world(9);
  world.options.give_up_as = "no_result";
  std::string rows;
  const std::vector<int> asked_as = {0, 0, 0, 3, 3, 5, 5, 7, 7};
  for (std::size_t i = 0; i < asked_as.size(); ++i)
    rows += ledger_line(
        fmt::format("row-{}", i), FakeSource::print_of(fmt::format("text {}", i)),
        fmt::format("row-{}", asked_as[i]));
  write_file_atomically(world.paths().rows(), rows);
  world.batch().requests = 4;
  world.run.save(world.batch());
  world.end(
      World::good_line("row-0") + World::result_line("row-7", "[1,2,3]"),
      World::failed_line("row-3", "rate_limit_exceeded"));
  world.provider.batch(world.batch().batch_id).counts = {4, 1, 3, true}; // of requests
  world.ingest();
  CHECK(world.count(RowState::written) == 3);
  CHECK(world.count(RowState::failed) == 6);
  REQUIRE(world.sink.vectors.size() == 3);
  for (const char* key : {"row-0", "row-1", "row-2"})
    CHECK(world.sink.vectors[key] == std::vector{0.0F, 0.5F});
  CHECK(world.sink.fingerprints["row-2"] == FakeSource::print_of("text 2"));
  for (const char* line :
       {"row-3\trate_limit_exceeded\t", "row-4\trate_limit_exceeded\t", "row-5\tno_result\t",
        "row-6\tno_result\t", "row-7\twrong_width\t", "row-8\twrong_width\t"})
    CHECK_THAT(world.failed(), ContainsSubstring(line));
  CHECK_FALSE(Run::load(world.run.paths().folder()).imbalance());
  for (const std::string& note : world.progress.notes)
    CHECK_THAT(note, !ContainsSubstring("the provider counts"));
}

TEST_CASE("results that the provider may have are asked for again, and not given up", "[pipeline]") {
  Ingesting world(3);
  world.end(World::good_line("row-1"));
  world.options.patience = std::chrono::seconds(10);
  CHECK(kind_of([&] { world.ingest(); }) == ErrorKind::provider);
  CHECK(world.clock.sleeps.size() == 3); // 1, 2, 4 seconds
  CHECK(world.batch().state == BatchState::ended);
  CHECK(world.count(RowState::written) == 1);
  CHECK(world.count(RowState::pending) == 2);
  CHECK(world.batch().unsettled);

  // Not again at each poll, and then once.
  const int downloads = world.provider.downloads;
  CHECK(kind_of([&] { world.ingest(); }) == ErrorKind::provider);
  CHECK(world.provider.downloads == downloads);
  world.clock.pass(std::chrono::minutes(16));
  CHECK(kind_of([&] { world.ingest(); }) == ErrorKind::provider);
  CHECK(world.clock.sleeps.size() == 3);

  world.provider.contents[world.batch().remote->output_file_id] =
      World::all_good(world.run, world.batch());
  world.options.redownload = true;
  world.ingest();
  CHECK(world.count(RowState::written) == 3);
  CHECK_FALSE(world.batch().unsettled);
}

TEST_CASE("an answer that the next one corrects costs no row", "[pipeline]") {
  Ingesting world(3);
  world.end(World::all_good(world.run, world.batch()));
  RemoteBatch& remote = world.provider.batch(world.batch().batch_id);
  const RemoteBatch right = remote;
  SECTION("no file") {
    remote.output_file_id.clear();
  }
  SECTION("no file and no counts") {
    remote.output_file_id.clear();
    remote.counts = {};
  }
  SECTION("expired before it ran anything") {
    remote.output_file_id.clear();
    remote.counts = {3, 0, 0, true};
    remote.status = RemoteStatus::expired;
  }
  SECTION("refused") {
    remote.output_file_id.clear();
    remote.counts = {0, 0, 0, true};
    remote.status = RemoteStatus::failed;
  }
  world.provider.before_retrieve = [&, calls = 0]() mutable {
    if (++calls == 2)
      remote = right;
  };
  world.ingest();
  CHECK(world.count(RowState::written) == 3);
  CHECK(world.run.record().finished);
}

TEST_CASE("a second download that answers less does not replace the first", "[pipeline]") {
  Ingesting world(3);
  world.end(World::good_line("row-0") + World::good_line("row-1"));
  world.options.patience = std::chrono::seconds(5);
  world.provider.before_download = [&] {
    if (world.provider.downloads == 2)
      world.provider.contents[world.batch().remote->output_file_id] = "<html>\n";
  };
  CHECK(kind_of([&] { world.ingest(); }) == ErrorKind::provider);
  CHECK(world.provider.downloads > 2);
  CHECK(world.count(RowState::written) == 2);
  CHECK(text_of(world.paths().output()) == World::good_line("row-0") + World::good_line("row-1"));
}

TEST_CASE("a batch without any file that ran nothing has failed rows and closed books", "[pipeline]") {
  for (const RemoteStatus status : {RemoteStatus::expired, RemoteStatus::cancelled}) {
    Ingesting world(3);
    world.end("", "", status);
    world.ingest();
    CHECK(world.count(RowState::failed) == 3);
    CHECK(world.run.state() == RunState::finished);
  }
}

TEST_CASE("a lost file holds up no other batch", "[pipeline]") {
  World world(6);
  Run run = world.submit(2);
  world.end_all(run);
  world.provider.contents.erase(world.provider.batch(run.batches()[0].batch_id).output_file_id);
  CHECK(kind_of([&] { world.ingest(run); }) == ErrorKind::provider);
  CHECK(run.rows()[RowState::written] == 4);
  CHECK(run.rows()[RowState::pending] == 2);
  CHECK(run.batches()[0].unsettled->lost);
}

TEST_CASE("a lost error file costs the reasons alone", "[pipeline]") {
  Ingesting world(3);
  world.end(
      World::good_line("row-0") + World::good_line("row-1"),
      World::failed_line("row-2", "rate_limit_exceeded"));
  world.provider.contents.erase(world.provider.batch(world.batch().batch_id).error_file_id);
  world.ingest();
  CHECK(world.count(RowState::written) == 2);
  CHECK(world.count(RowState::failed) == 1);
}

TEST_CASE("partial results of a batch that ended badly are taken", "[pipeline]") {
  for (const RemoteStatus status :
       {RemoteStatus::expired, RemoteStatus::cancelled, RemoteStatus::failed}) {
    Ingesting world(3);
    world.end(
        World::good_line("row-2"),
        World::failed_line("row-0", "batch_expired") + World::failed_line("row-1", "batch_expired"),
        status);
    world.ingest();
    CHECK(world.count(RowState::written) == 1);
    CHECK(world.count(RowState::failed) == 2);
  }
}

TEST_CASE("an error file that is named and empty says nothing", "[pipeline]") {
  Ingesting world(2);
  world.end(World::all_good(world.run, world.batch()));
  world.provider.batch(world.batch().batch_id).error_file_id = "file-empty";
  world.provider.contents["file-empty"] = "";
  world.ingest();
  CHECK(world.count(RowState::written) == 2);
  CHECK_FALSE(fs::exists(world.paths().errors()));
  CHECK_FALSE(fs::exists(world.paths().errors().string() + ".part"));
}

TEST_CASE("repeats are found wherever they stand in a large file", "[pipeline]") {
  Ingesting world(3);
  const std::string one = World::good_line("row-1");
  const std::string other = World::result_line("row-1", "[7,7]");
  const std::string rest = World::good_line("row-0") + World::good_line("row-2");
  const std::string much = std::string(std::size_t{3} << 20, ' ') + "\n";
  SECTION("far apart") {
    world.end(one + rest + much + other);
  }
  SECTION("in the first half") {
    world.end(one + rest + other + much);
  }
  SECTION("in the second half") {
    world.end(much + one + rest + other);
  }
  SECTION("in another file") {
    world.end(one + rest + much, other);
  }
  world.ingest();
  CHECK(world.count(RowState::written) == 2);
  CHECK_THAT(world.failed(), ContainsSubstring("row-1\tconflicting_results\t"));
  CHECK(world.quarantine() == one + other);
}

TEST_CASE("identical repeats count once and conflicting ones are refused", "[pipeline]") {
  Ingesting world(4);
  const std::string conflict =
      World::result_line("row-1", "[1,0.5]") + World::result_line("row-1", "[1,0.25]");
  world.end(
      World::good_line("row-0") + conflict + World::good_line("row-0")
          + World::result_line("row-0", "[0.0,5e-1]") + World::good_line("row-2")
          + World::failed_line("row-3", "x"),
      World::failed_line("row-2", "y") + World::failed_line("row-3", "x"));
  world.ingest();
  CHECK(world.count(RowState::written) == 1);
  CHECK(world.count(RowState::failed) == 3);
  CHECK(world.batch().findings.repeated_lines == 3);
  CHECK(world.sink.vectors.size() == 1);
  CHECK(world.sink.chunk_sizes == std::vector<std::size_t>{1});
  const std::string failed = world.failed();
  CHECK(std::count(failed.begin(), failed.end(), '\n') == 3);
  CHECK_THAT(failed, ContainsSubstring("row-1\tconflicting_results\t"));
  CHECK_THAT(failed, ContainsSubstring("row-2\tconflicting_results\t"));
  CHECK_THAT(failed, ContainsSubstring("row-3\tx\t"));
  CHECK(
      world.quarantine()
      == conflict + World::good_line("row-2") + World::failed_line("row-2", "y"));
}

TEST_CASE("lines of nobody are kept in quarantine and written nowhere", "[pipeline]") {
  Ingesting world(1);
  const std::string strange =
      World::good_line("row-7") + "no json\n" + World::result_line("", "[1,2]") + "{}\n";
  world.end(strange + World::good_line("row-0"));
  world.ingest();
  CHECK(world.count(RowState::written) == 1);
  CHECK(world.batch().findings.unknown_ids == 2);
  CHECK(world.batch().findings.damaged_lines == 2);
  CHECK(world.quarantine() == strange);
  CHECK(world.sink.vectors.size() == 1);
}

TEST_CASE(
    "a last line that was cut is no result, unless only its newline is missing", "[pipeline]") {
  const std::string line = World::good_line("row-1");
  for (std::size_t length = line.find("0.5]"); length < line.size(); ++length) {
    Ingesting world(2);
    world.options.give_up_as = "no_result";
    world.end(World::good_line("row-0") + line.substr(0, length));
    world.ingest();
    INFO(line.substr(0, length));
    const bool is_whole = length == line.size() - 1;
    CHECK(world.count(RowState::written) == (is_whole ? 2 : 1));
    CHECK(world.count(RowState::failed) == (is_whole ? 0 : 1));
    CHECK(world.batch().findings.damaged_lines == (is_whole ? 0 : 1));
  }
}

TEST_CASE("ingest may be done again at any time", "[pipeline]") {
  Ingesting world(3);
  world.options.give_up_as = "no_result";
  world.end(World::good_line("row-0"), World::failed_line("row-1", "x"));
  world.ingest();
  world.options.give_up_as.clear();
  const RowCounts before = world.run.rows();
  const std::string failed = world.failed();
  world.ingest();
  CHECK(world.sink.chunk_sizes.size() == 1);
  world.options.overwrite = true;
  world.ingest();
  CHECK(world.sink.chunk_sizes.size() == 2);
  CHECK(world.run.rows() == before);
  CHECK(world.failed() == failed);
  CHECK(world.provider.downloads == 2);
}

TEST_CASE("downloading again replaces results, lists and quarantine", "[pipeline]") {
  Ingesting world(2);
  world.sink.fates = {{"row-1", RowState::stale}};
  world.end("no json\n" + World::good_line("row-1"));
  world.options.give_up_as = "no_result";
  world.ingest();
  world.options.give_up_as.clear();
  CHECK_FALSE(world.failed().empty());
  CHECK_FALSE(world.left().empty());
  CHECK_FALSE(world.quarantine().empty());
  world.sink.fates.clear();
  world.provider.contents[world.batch().remote->output_file_id] =
      World::all_good(world.run, world.batch());
  world.options.redownload = true;
  world.ingest();
  CHECK(world.count(RowState::written) == 2);
  CHECK(world.failed().empty());
  CHECK(world.left().empty());
  CHECK(world.quarantine().empty());
}

TEST_CASE("a process killed while downloading leaves no results under their name", "[pipeline]") {
  Ingesting world(4);
  world.end(World::all_good(world.run, world.batch()));
  world.provider.half_downloaded = [] { throw Killed{}; };
  CHECK_THROWS_AS(world.ingest(), Killed);
  CHECK_FALSE(fs::exists(world.paths().output()));
  CHECK(load_batch_record(world.paths().record()).state == BatchState::ended);
  world.provider.half_downloaded = nullptr;
  world.ingest();
  CHECK(world.count(RowState::written) == 4);
}

TEST_CASE("a process killed while writing goes on from its files", "[pipeline]") {
  Ingesting world(10);
  world.options.write.chunk_size = 4;
  world.end(World::all_good(world.run, world.batch()));
  int writes = 0;
  world.sink.before_write = [&] {
    if (++writes == 2)
      throw Killed{};
  };
  CHECK_THROWS_AS(world.ingest(), Killed);
  world.sink.before_write = nullptr;
  CHECK(load_batch_record(world.paths().record()).state == BatchState::downloaded);
  world.run = Run::load(world.run.paths().folder());
  world.executor = world.make_executor();
  world.has_key = false;
  world.ingest();
  CHECK(world.count(RowState::written) == 10);
  CHECK(world.sink.vectors.size() == 10);
}

TEST_CASE("a stop lets the chunks under way end and begins no other", "[pipeline]") {
  Ingesting world(20);
  world.options.write.chunk_size = 4;
  world.end(World::all_good(world.run, world.batch()));
  world.sink.before_write = [&] { world.stop.request(SIGTERM); };
  CHECK(kind_of([&] { world.ingest(); }) == ErrorKind::interrupted);
  CHECK(world.sink.vectors.size() <= 8);
  CHECK(world.sink.vectors.size() % 4 == 0);
  CHECK(load_batch_record(world.paths().record()).state == BatchState::downloaded);
  CHECK_FALSE(fs::exists(world.paths().failed()));
}

TEST_CASE("a refusal that waiting cannot mend fails every row with its code", "[pipeline]") {
  Ingesting world(2);
  world.provider.refuse(world.batch().batch_id, "invalid_json_line");
  world.ingest();
  CHECK(world.count(RowState::failed) == 2);
  CHECK(
      world.failed()
      == "row-0\tinvalid_json_line\tfor the reason of invalid_json_line\n"
         "row-1\tinvalid_json_line\tfor the reason of invalid_json_line\n");
}

TEST_CASE("a refusal that waiting may mend is left to submit", "[pipeline]") {
  Ingesting world(2);
  world.provider.refuse(world.batch().batch_id, "token_limit_exceeded");
  world.ingest();
  CHECK(world.count(RowState::pending) == 2);
  CHECK(world.run.state() == RunState::incomplete);
}

TEST_CASE("a ledger that lost rows is refused before anything is written", "[pipeline]") {
  Ingesting world(3);
  const std::string rows = text_of(world.paths().rows());
  world.end(World::all_good(world.run, world.batch()));
  write_file_atomically(world.paths().rows(), rows.substr(0, rows.find('\n') + 1));
  CHECK(kind_of([&] { world.ingest(); }) == ErrorKind::corrupt);
  CHECK(world.sink.vectors.empty());
  write_file_atomically(world.paths().rows(), rows);
  world.ingest();
  CHECK(world.count(RowState::written) == 3);
}

TEST_CASE("rows with odd keys get their vectors too", "[pipeline]") {
  World rows;
  for (const char* key : {"", "tab\tkey", "back\\slash", "new\nline"})
    rows.source.rows.push_back({key, "text"});
  Run run = rows.submit();
  std::string output;
  for (const char* key : {"", "tab\\tkey", "back\\\\slash", "new\\nline"})
    output += World::result_line(key, "[1,2]");
  rows.provider.end(run.batches()[0].batch_id, RemoteStatus::completed, output);
  rows.ingest(run);
  CHECK(run.rows()[RowState::written] == 4);
  for (const auto& row : rows.source.rows)
    CHECK(rows.sink.vectors.contains(row.key));
}

TEST_CASE("one batch can be asked for alone", "[pipeline]") {
  World world(4);
  Run run = world.submit(2);
  world.end_all(run);
  CHECK(kind_of([&] { check_filter(run, 3); }) == ErrorKind::usage);
  check_filter(run, 2);
  world.ingest(run, {}, 2);
  CHECK(world.provider.retrieves == 1);
  CHECK(run.batches()[0].state == BatchState::submitted);
  CHECK(run.batches()[1].state == BatchState::archived);
  CHECK_FALSE(run.record().finished);
}

TEST_CASE("a batch that the provider has lost keeps no other from being ingested", "[pipeline]") {
  World world(4);
  Run run = world.submit(2);
  world.end_all(run);
  world.provider.batches.erase(world.provider.batches.begin());
  const auto ingest_all = [&] {
    world.ingest(run);
  };
  CHECK(kind_of(ingest_all) == ErrorKind::provider);
  CHECK(run.rows()[RowState::written] == 2);
  const Run stored = Run::load(run.paths().folder());
  CHECK(stored.rows()[RowState::written] == 2);
  CHECK(stored.state() == RunState::in_flight);
  CHECK_FALSE(stored.record().finished);
}
