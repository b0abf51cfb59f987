#include "e2e/world.hpp"
#include "support/catch.hpp"

#include <set>

#include <fmt/format.h>
#include <sys/stat.h>

// batches/README.md, seen from outside.

namespace embedctl::e2e {

namespace {

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  ::stat(path.c_str(), &status);
  return status.st_mode & 07777;
}

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    names.insert(entry.path().filename().string());
  return names;
}

void replace_in(const fs::path& path, const std::string& what, const std::string& with) {
  std::string text = content_of(path);
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  write_file(path, text.replace(at, what.size(), with));
}

} // namespace

TEST_CASE("a run folder holds what its contract says, for its owner alone", "[e2e]") {
  const World world({"--frozen-clock", "--fail-every", "3"});
  world.add_chunks(1, 1, 6);
  world.add_chunk(1, 7, " ");
  const mode_t umask = GENERATE(mode_t{0}, mode_t{077});
  const auto run = [&](const Arguments& arguments) {
    test::Command command = world.command(arguments);
    command.umask = umask;
    return test::Process(command).wait();
  };
  REQUIRE(run({"submit", "--family-id", family(1)}).exit_code == 3);
  const std::string run_dir = only_run(world, 1);
  world.let_pass();
  REQUIRE(run({"ingest", "--run-dir", run_dir}).exit_code == 3);

  const std::string name = fs::path(run_dir).filename().string();
  REQUIRE(name.size() == std::string("run_YYYYMMDD_HHMMSS").size());
  CHECK(name.substr(0, 6) == "run_20");
  CHECK(names_in(run_dir) == std::set<std::string>{".lock", "batches", "run.json"});
  CHECK(
      names_in(batch_folder(run_dir))
      == std::set<std::string>{
          "batch.json", "errors.jsonl.zst", "failed_chunk_ids.tsv", "input.jsonl.zst",
          "output.jsonl.zst", "rows.tsv", "skipped_chunk_ids.tsv"});
  const fs::path batches = world.folder() / "batches";
  CHECK(mode_of(batches) == 0700);
  for (const auto& entry : fs::recursive_directory_iterator(batches)) {
    INFO(entry.path());
    CHECK(mode_of(entry.path()) == (entry.is_directory() ? 0700 : 0600));
  }
  const Json record(content_of(fs::path(run_dir) / "run.json"));
  CHECK(record.number("format") == 2);
  CHECK(record.text("scope") == family(1));
  CHECK(record.text("executor") == "batch");
  CHECK(record.text("table") == "public.knowledge_chunks");
  CHECK(record.text("provider.base_url") == world.sandbox().url());
  CHECK(record.text("task.rows.table") == "knowledge_chunks");
}

TEST_CASE("two runs in one second get two folders", "[e2e]") {
  const World world;
  std::set<std::string> folders;
  world.add_chunks(1, 1, 2);
  for (int n = 1; n <= 4; ++n)
    folders.insert(world.submit(1, {"--dry-run"}));
  CHECK(folders.size() == 4);
}

TEST_CASE("a folder of a newer version is refused and left as it is", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 2);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  for (const fs::path& file :
       {fs::path(run_dir) / "run.json", batch_folder(run_dir) / "batch.json"}) {
    const std::string good = content_of(file);
    replace_in(file, "\"format\": 2", "\"format\": 3");
    const auto before = files_below(run_dir);
    for (const Arguments& arguments :
         {Arguments{"ingest", "--run-dir", run_dir}, Arguments{"status", "--run-dir", run_dir},
          Arguments{"submit", "--run-dir", run_dir}, Arguments{"run", "--run-dir", run_dir},
          Arguments{"submit", "--family-id", family(1)}}) {
      const Outcome outcome = world.run(arguments);
      INFO(arguments[0] << " " << outcome.out << outcome.err);
      CHECK(outcome.exit_code == 2);
      CHECK_THAT(outcome.err, ContainsSubstring("has format 3"));
      CHECK_THAT(outcome.err, ContainsSubstring("hint: use the embedctl version that wrote it"));
    }
    CHECK(files_below(run_dir) == before);
    write_file(file, good);
  }
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.sandbox().batch_ids().size() == 1);
}

TEST_CASE("damaged state is reported by name, kept, and never submitted around", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 2);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  const fs::path run_json = fs::path(run_dir) / "run.json";
  const fs::path batch_json = batch_folder(run_dir) / "batch.json";
  const fs::path rows = batch_folder(run_dir) / "rows.tsv";
  for (const auto& [file, content] : std::vector<std::pair<fs::path, std::string>>{
           {run_json, ""},
           {run_json, "{\"format\": 1"},
           {run_json, "[]"},
           {batch_json, ""},
           {batch_json, "{\"format\": 1}"},
           {rows, "no row at all\n"}}) {
    const std::string good = content_of(file);
    write_file(file, content);
    const auto before = files_below(run_dir);
    for (const Arguments& arguments :
         {Arguments{"ingest", "--run-dir", run_dir},
          Arguments{"submit", "--family-id", family(1)}}) {
      const Outcome outcome = world.run(arguments);
      INFO(file << " " << content << "\n" << arguments[0] << " " << outcome.out << outcome.err);
      CHECK(outcome.exit_code == 1);
      CHECK_THAT(outcome.err, ContainsSubstring(file.filename().string()));
      CHECK_THAT(outcome.err, ContainsSubstring("hint: "));
    }
    if (file != rows)
      CHECK(files_below(run_dir) == before);
    CHECK(content_of(file) == content);
    write_file(file, good);
  }
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.wrong_vectors() == 0);
  CHECK(world.sandbox().batch_ids().size() == 1);
}

TEST_CASE(
    "a run that lost a batch is not called finished, and its rows are not sent again", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 4);
  const std::string run_dir = world.submit(1, {"--max-requests-per-batch", "2"});
  world.let_pass();
  const fs::path away = world.folder() / "away";
  fs::rename(batch_folder(run_dir, 2), away);
  const auto before = files_below(run_dir);
  for (const Arguments& arguments :
       {Arguments{"ingest", "--run-dir", run_dir}, Arguments{"submit", "--family-id", family(1)},
        Arguments{"run", "--family-id", family(1)}, Arguments{"run", "--run-dir", run_dir}}) {
    const Outcome outcome = world.run(arguments);
    INFO(arguments[0] << " " << outcome.out << outcome.err);
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.err, ContainsSubstring("4 rows were selected, and 2 have a state"));
    CHECK_THAT(outcome.err, ContainsSubstring("hint: "));
  }
  CHECK(files_below(run_dir) == before);
  fs::rename(away, batch_folder(run_dir, 2));
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.wrong_vectors() == 0);
  CHECK(world.sandbox().batch_ids().size() == 2);
}

TEST_CASE("a folder that is no run is refused", "[e2e]") {
  const World world;
  for (const char* folder : {"no-such-folder", ".", "/dev/null", "/"})
    for (const char* verb : {"submit", "status", "ingest", "run"}) {
      const Outcome outcome = world.run({verb, "--run-dir", folder});
      INFO(verb << " " << folder << "\n" << outcome.err);
      CHECK(outcome.exit_code == 2);
      CHECK_THAT(outcome.err, ContainsSubstring("is not a run folder (run.json not found)"));
      CHECK_THAT(outcome.err, ContainsSubstring("hint: "));
    }
}

TEST_CASE("a batches folder that cannot be made loses nothing", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 2);
  const Outcome outcome =
      world.run({"submit", "--family-id", family(1), "--batches-dir", "/dev/null/batches"});
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.err, ContainsSubstring("/dev/null"));
  CHECK(world.sandbox().calls("POST /v1/files") == 0);
}

} // namespace embedctl::e2e
