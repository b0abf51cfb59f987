#include "pipeline/advance.hpp"
#include "pipeline/verify.hpp"

#include "json/line_reader.hpp"

#include "pipeline/world.hpp"
#include "support/catch.hpp"

#include <csignal>
#include <functional>
#include <vector>

using namespace embedctl;
using namespace embedctl::pipeline;
using namespace embedctl::store;
using namespace embedctl::test;

namespace {

using Problems = std::vector<std::string>;

std::vector<std::string> lines_of(const fs::path& file) {
  std::vector<std::string> lines(1);
  for (const char c : text_of(file)) {
    lines.back() += c;
    if (c == '\n')
      lines.emplace_back();
  }
  lines.pop_back();
  return lines;
}

void change_lines(
    const fs::path& file, const std::function<void(std::vector<std::string>&)>& change) {
  auto lines = lines_of(file);
  change(lines);
  std::string text;
  for (const std::string& line : lines)
    text += line;
  write_file_atomically(file, text);
}

void remove_first_line(const fs::path& file) {
  change_lines(file, [](auto& lines) { lines.erase(lines.begin()); });
}

// Two rows that were written, and one of every other fate: edited, filled or deleted before its
// vector came, failed at the provider, and never sent.
struct Ingested : World {
  Run run;
  ApplyOptions options;

  explicit Ingested(bool plain = true) : World(7), run(prepare()) {
    options.keep_plain = plain;
    std::string output;
    for (const char* key : {"row-4", "row-3", "row-2", "row-1", "row-0"})
      output += good_line(key);
    provider.end(
        batch().batch_id, RemoteStatus::completed, output, failed_line("row-5", "server_error"));
    sink.fates = {
        {"row-2", RowState::stale},
        {"row-3", RowState::already_set},
        {"row-4", RowState::missing_row}};
    World::ingest(run, options);
  }

  Run prepare() {
    source.rows[6].text = "";
    return submit();
  }

  BatchRecord& batch() { return run.batches().at(0); }
  BatchPaths paths() { return run.paths().batch(1); }
  Verification verification(std::size_t chunk_size = 1000) {
    return verify(run, std::nullopt, chunk_size, sink, runtime());
  }
  Problems problems() { return verification().problems; }
};

// Batches of two rows each, sent and not ingested.
struct Sent : World {
  Run run;

  explicit Sent(int rows) : World(rows), run(submit(2)) {}

  BatchPaths paths(int batch) { return run.paths().batch(batch); }
  Problems problems(const BatchFilter& filter = {}) {
    return verify(run, filter, 1000, sink, runtime()).problems;
  }
};

} // namespace

TEST_CASE("a run that is as its ingest left it is verified", "[pipeline][verify]") {
  for (const bool plain : {true, false}) {
    Ingested world(plain);
    REQUIRE(world.batch().rows[RowState::written] == 2);
    REQUIRE(world.batch().rows[RowState::failed] == 1);
    REQUIRE(world.batch().rows[RowState::skipped] == 1);
    const Verification verification = world.verification();
    CHECK(verification.problems == Problems{});
    CHECK(verification.rows_checked == 2);
    CHECK(verification.changed_since == 0);
  }
}

TEST_CASE("a run that was only sent is verified without its rows", "[pipeline][verify]") {
  Sent world(3);
  CHECK(world.problems() == Problems{});
  CHECK(world.sink.examined_sizes.empty());
}

TEST_CASE("rows selected that no batch holds are a problem", "[pipeline][verify]") {
  Ingested world;
  RunRecord record = world.run.record();
  record.rows_selected = 8;
  world.run.save(record);
  CHECK(world.problems() == Problems{"8 rows were selected, and 7 have a state"});
}

TEST_CASE("a batch whose files were never finished is none to be verified", "[pipeline][verify]") {
  Sent world(2);
  world.run.batches().at(0).state = BatchState::planned;
  fs::remove(world.paths(1).rows());
  fs::remove(world.paths(1).input());
  CHECK(world.problems() == Problems{});
}

TEST_CASE("input.jsonl is held against rows.tsv and what is recorded of it", "[pipeline][verify]") {
  Sent world(2);
  const fs::path input = world.paths(1).input();
  const std::string other_bytes = "batch 001: the SHA-256 of input.jsonl is not the recorded one";

  SECTION("missing") {
    fs::remove(input);
    CHECK(world.problems() == Problems{"batch 001: input.jsonl is missing"});
  }
  SECTION("another text") {
    change_lines(
        input, [](auto& lines) { lines[0].replace(lines[0].find("text 0"), 6, "TEXT 0"); });
    CHECK(world.problems() == Problems{other_bytes});
  }
  SECTION("another row") {
    change_lines(input, [](auto& lines) { lines[0].replace(lines[0].find("row-0"), 5, "row-7"); });
    CHECK(
        world.problems()
        == Problems{other_bytes, "batch 001: 1 line of input.jsonl does not match rows.tsv"});
  }
  SECTION("another order") {
    change_lines(input, [](auto& lines) { std::swap(lines[0], lines[1]); });
    CHECK(
        world.problems()
        == Problems{other_bytes, "batch 001: 2 lines of input.jsonl do not match rows.tsv"});
  }
  SECTION("a line too few") {
    change_lines(input, [](auto& lines) { lines.pop_back(); });
    CHECK(
        world.problems()
        == Problems{
            other_bytes, "batch 001: requests in input.jsonl: 1 found, 2 in batch.json"});
  }
  SECTION("a line too many") {
    change_lines(input, [](auto& lines) { lines.push_back(lines[0]); });
    CHECK(
        world.problems()
        == Problems{
            other_bytes, "batch 001: requests in input.jsonl: 3 found, 2 in batch.json",
            "batch 001: 1 line of input.jsonl does not match rows.tsv"});
  }
  SECTION("a line that is not JSON") {
    change_lines(input, [](auto& lines) { lines[1] = "{\n"; });
    CHECK(
        world.problems()
        == Problems{other_bytes, "batch 001: 1 line of input.jsonl does not match rows.tsv"});
  }
}

TEST_CASE("requests longer than any result are counted and not read", "[pipeline][verify]") {
  World world(3);
  world.source.rows[0].text = std::string(json::LineReader::k_longest_line, 'a');
  world.source.rows[1].text = world.source.rows[0].text;
  const Run run = world.submit();
  REQUIRE(run.batches().at(0).requests == 3);
  CHECK(verify(run, {}, 1000, world.sink, world.runtime()).problems == Problems{});
}

TEST_CASE("rows.tsv must hold a row for each request", "[pipeline][verify]") {
  Sent world(4);
  SECTION("a row too few") {
    change_lines(world.paths(1).rows(), [](auto& lines) { lines.pop_back(); });
    CHECK(
        world.problems()
        == Problems{
            "batch 001: rows in rows.tsv: 1 found, 2 in batch.json",
            "batch 001: requests in rows.tsv: 1 found, 2 in batch.json",
            "batch 001: 1 line of input.jsonl does not match rows.tsv"});
  }
  SECTION("damaged or gone, it keeps no other batch from being verified") {
    change_lines(world.paths(1).rows(), [](auto& lines) { lines[1] = "row-1\n"; });
    fs::remove(world.paths(2).input());
    const Problems damaged = world.problems();
    REQUIRE(damaged.size() == 2);
    CHECK_THAT(damaged[0], StartsWith("batch 001: ") && ContainsSubstring("line 2"));
    CHECK(damaged[1] == "batch 002: input.jsonl is missing");
    fs::remove(world.paths(1).rows());
    const Problems gone = world.problems();
    REQUIRE(gone.size() == 2);
    CHECK_THAT(gone[0], StartsWith("batch 001: ") && ContainsSubstring("rows.tsv"));
  }
}

TEST_CASE("only the batch that is asked about is verified", "[pipeline][verify]") {
  Sent world(4);
  fs::remove(world.paths(1).input());
  CHECK(world.problems(1) == Problems{"batch 001: input.jsonl is missing"});
  CHECK(world.problems(2) == Problems{});
}

TEST_CASE("every row must be in one list or none, as batch.json counts", "[pipeline][verify]") {
  Ingested world;
  const auto no_row = [](const std::string& line) {
    return "batch 001: " + line + " is not a row of this batch with its state";
  };
  const auto twice = [](const std::string& line) {
    return "batch 001: " + line + " lists a row that is listed already";
  };
  const auto counts = [](const char* state, int found, int recorded) {
    return fmt::format(
        "batch 001: {} rows: {} found, {} in batch.json", state, found, recorded);
  };
  SECTION("a skipped row is missing") {
    fs::remove(world.paths().skipped());
    CHECK(world.problems() == Problems{counts("skipped", 0, 1)});
  }
  SECTION("a failed row is missing") {
    fs::remove(world.paths().failed());
    CHECK(
        world.problems()
        == Problems{
            counts("written", 3, 2), counts("failed", 0, 1),
            "batch 001: 1 row recorded as written has no result"});
  }
  SECTION("the list of rows left alone lacks its first row") {
    remove_first_line(world.paths().left());
    Problems problems = world.problems();
    REQUIRE(problems.size() == 2);
    CHECK(problems[0] == counts("written", 3, 2));
  }
  SECTION("a row of another batch failed") {
    change_lines(world.paths().failed(), [](auto& lines) {
      lines.push_back("row-6\tserver_error\ttold so\n");
    });
    CHECK(world.problems() == Problems{no_row("line 2 of failed_chunk_ids.tsv")});
  }
  SECTION("a row failed twice") {
    change_lines(world.paths().failed(), [](auto& lines) { lines.push_back(lines[0]); });
    CHECK(world.problems() == Problems{twice("line 2 of failed_chunk_ids.tsv")});
  }
  SECTION("a row failed and was left alone") {
    change_lines(world.paths().left(), [](auto& lines) { lines.push_back("row-5\tstale\n"); });
    CHECK(world.problems() == Problems{twice("line 4 of left_chunk_ids.tsv")});
  }
  SECTION("a row was left alone for no reason, or for one that is not of that list") {
    for (const char* end : {"", "\twritten", "\tnonsense"}) {
      const std::string row = lines_of(world.paths().left())[2].substr(0, 5);
      change_lines(world.paths().left(), [&](auto& lines) { lines[2] = row + end + "\n"; });
      const Problems problems = world.problems();
      REQUIRE(problems.size() == 3); // of written, of its own state
      CHECK(problems[0] == no_row("line 3 of left_chunk_ids.tsv"));
    }
  }
  SECTION("a row has another state than is counted") {
    change_lines(world.paths().left(), [](auto& lines) {
      for (std::string& line : lines)
        line = line.substr(0, 5) + "\tstale\n";
    });
    CHECK(
        world.problems()
        == Problems{
            counts("already_set", 0, 1), counts("stale", 3, 1), counts("missing_row", 0, 1)});
  }
}

TEST_CASE("a row recorded as written must have a result", "[pipeline][verify]") {
  Ingested world;
  const auto without = [&](const char* text) {
    change_lines(world.paths().output(), [&](auto& lines) {
      std::erase_if(lines, [&](const std::string& line) {
        return line.find(text) != std::string::npos;
      });
    });
  };
  SECTION("one has none") {
    without("row-1");
    CHECK(world.problems() == Problems{"batch 001: 1 row recorded as written has no result"});
    CHECK(world.sink.examined_sizes == std::vector<std::size_t>{1});
  }
  SECTION("two have none") {
    fs::remove(world.paths().output());
    CHECK(world.problems() == Problems{"batch 001: 2 rows recorded as written have no result"});
    CHECK(world.sink.examined_sizes.empty());
  }
  SECTION("one that was not written needs none") {
    without("row-2");
    fs::remove(world.paths().errors());
    CHECK(world.problems() == Problems{});
  }
}

TEST_CASE("a row recorded as written must hold its vector", "[pipeline][verify]") {
  Ingested world;
  SECTION("one has none") {
    world.sink.vectors.erase("row-0");
    CHECK(world.problems() == Problems{"batch 001: 1 row recorded as written has no vector"});
  }
  SECTION("two have none") {
    world.sink.vectors.clear();
    CHECK(world.problems() == Problems{"batch 001: 2 rows recorded as written have no vector"});
    CHECK(world.verification(1).problems.size() == 1);
  }
  SECTION("one has a different one") {
    world.sink.vectors["row-0"] = {9, 9};
    CHECK(
        world.problems()
        == Problems{"batch 001: 1 row recorded as written has a different vector"});
  }
  SECTION("two have a different one") {
    world.sink.vectors["row-0"] = {9, 9};
    world.sink.vectors["row-1"] = {9, 9};
    CHECK(
        world.problems()
        == Problems{"batch 001: 2 rows recorded as written have a different vector"});
  }
}

TEST_CASE("rows edited or deleted since are counted and no problem", "[pipeline][verify]") {
  Ingested world;
  world.sink.fingerprints["row-0"] = FakeSource::print_of("edited");
  CHECK(world.verification().problems == Problems{});
  CHECK(world.verification().changed_since == 1);
  world.sink.vectors["row-0"] = {9, 9};
  world.sink.fates["row-1"] = RowState::missing_row;
  CHECK(world.verification().problems == Problems{});
  CHECK(world.verification().changed_since == 2);
  CHECK(world.verification().rows_checked == 2);
}

TEST_CASE("a damaged archive is a problem, and the rest is verified", "[pipeline][verify]") {
  Ingested world(false);
  const auto damage = [](const fs::path& plain) {
    write_file_atomically(plain.string() + ".zst", "x");
  };
  SECTION("of the input: the rows are compared all the same") {
    damage(world.paths().input());
    const Problems problems = world.problems();
    REQUIRE(problems.size() == 1);
    CHECK_THAT(problems[0], ContainsSubstring("input.jsonl.zst") && ContainsSubstring("restore"));
    CHECK(world.sink.examined_sizes == std::vector<std::size_t>{2});
  }
  SECTION("of a result file: the lists are read, the rows are not compared") {
    const bool both = GENERATE(false, true);
    fs::remove(world.paths().skipped());
    damage(both ? world.paths().output() : world.paths().errors());
    if (both)
      damage(world.paths().errors());
    CHECK(world.problems().size() == (both ? 3 : 2));
    CHECK(world.sink.examined_sizes.empty());
  }
  SECTION("one that is whole, but of something else") {
    for (Archive& archive : world.batch().archives)
      if (archive.file == "output.jsonl")
        archive.sha256 = std::string(64, '0');
    CHECK(world.problems().size() == 1);
    CHECK(world.sink.examined_sizes.empty());
  }
}

TEST_CASE("rows are compared in chunks of the given size, and between them may stop",
          "[pipeline][verify]") {
  World world(5);
  Run run = world.submit();
  world.end_all(run);
  ApplyOptions options;
  options.keep_plain = true;
  world.ingest(run, options);
  const auto check = [&](std::size_t chunk_size) {
    world.sink.examined_sizes.clear();
    return verify(run, {}, chunk_size, world.sink, world.runtime()).rows_checked;
  };
  using Sizes = std::vector<std::size_t>;
  CHECK(check(2) == 5);
  CHECK(world.sink.examined_sizes == Sizes{2, 2, 1});
  CHECK(check(5) == 5);
  CHECK(world.sink.examined_sizes == Sizes{5});
  world.stop.request(SIGINT);
  CHECK(kind_of([&] { check(2); }) == ErrorKind::interrupted);
  CHECK(world.sink.examined_sizes.empty());
}
