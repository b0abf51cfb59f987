#include "store/run_record.hpp"

#include "base/error.hpp"
#include "base/file.hpp"

#include "support/catch.hpp"
#include "support/records.hpp"
#include "support/scratch_folder.hpp"

#include <fstream>
#include <limits>

using namespace embedctl;
using namespace embedctl::store;
using embedctl::test::ScratchFolder;
using embedctl::test::some_run_record;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

ErrorKind refusal_of(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  try {
    load_run_record(path);
  } catch (const Error& error) {
    CHECK(read_file(path, text.size()) == text);
    return error.kind();
  }
  FAIL("taken: " << text);
  return ErrorKind::internal;
}

} // namespace

TEST_CASE("every member of run.json survives a round trip", "[store]") {
  const ScratchFolder scratch;
  for (const SelectionState selection :
       {SelectionState::running, SelectionState::complete, SelectionState::interrupted}) {
    RunRecord record = some_run_record();
    record.scope = "quotes \" and \\ and \n";
    record.database = {"db \xc3\xa9", ""};
    record.task.rows.table = "other";
    record.task.rows.key_column = "k";
    record.task.request.encoding = "float";
    record.task.entity = "e";
    record.task.name = "n";
    record.task.built_in = selection == SelectionState::complete;
    record.table = "public.\"O t\"";
    record.executor = "direct";
    if (selection != SelectionState::running)
      record.provider = {"https://example.test/v1", "org", "proj"};
    record.task.request.dims = 3072;
    record.max_bytes_per_batch = std::numeric_limits<std::int64_t>::max();
    record.dry_run = selection == SelectionState::running;
    record.finished = selection == SelectionState::complete;
    record.selection = selection;
    if (record.finished)
      record.limit = 17;
    save_run_record(scratch / "run.json", record);
    const RunRecord loaded = load_run_record(scratch / "run.json");
    CHECK(loaded.version == record.version);
    CHECK(loaded.run_id == record.run_id);
    CHECK(loaded.created_at == record.created_at);
    CHECK(loaded.task == record.task);
    CHECK(loaded.scope == record.scope);
    CHECK(loaded.executor == record.executor);
    CHECK(loaded.provider == record.provider);
    CHECK(loaded.table == record.table);
    CHECK(loaded.database == record.database);
    CHECK(loaded.max_requests_per_batch == record.max_requests_per_batch);
    CHECK(loaded.max_bytes_per_batch == record.max_bytes_per_batch);
    CHECK(loaded.limit == record.limit);
    CHECK(loaded.dry_run == record.dry_run);
    CHECK(loaded.selection == record.selection);
    CHECK(loaded.finished == record.finished);
  }
}

TEST_CASE("a folder without run.json is no run folder", "[store]") {
  const ScratchFolder scratch;
  write_file_atomically(scratch / "file", "");
  for (const char* folder : {"none", "file"})
    try {
      load_run_record(scratch / folder / "run.json");
      FAIL("it was taken for one");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::usage);
      CHECK_THAT(error.what(), ContainsSubstring("is not a run folder (run.json not found)"));
    }
}

TEST_CASE("a run.json of format 1 is about the built-in task", "[store]") {
  const ScratchFolder scratch;
  const auto path = scratch / "run.json";
  write_file_atomically(path, R"({
 "format": 1, "version": "0.1.0", "run_id": "0123456789abcdef", "created_at": 1700000000,
 "entity": {
  "name": "knowledge_chunks", "table": "app.chunks", "key_column": "k", "scope_column": "s",
  "text_column": "x", "target_column": "v", "scope_table": "app.scopes",
  "scope_key_column": "sk", "scope_noun": "thing", "model": "m", "dims": 7
 },
 "scope": "c0ffee00-0000-4000-8000-000000000001", "encoding": "float",
 "database": {"name": "app", "system_identifier": "73"},
 "max_requests_per_batch": 50000, "max_bytes_per_batch": 188743680, "limit": null,
 "dry_run": false, "selection": "complete", "rows_selected": 12, "finished": true
})");
  const RunRecord loaded = load_run_record(path);
  Task task;
  task.entity = "knowledge_chunks";
  task.name = "embed";
  task.built_in = true;
  task.rows = {"app.chunks", "k", "s", "x"};
  task.scopes = {"app.scopes", "sk", "thing"};
  task.request = {RequestKind::embed, "m", 7, "float"};
  task.target = {"v"};
  CHECK(loaded.task == task);
  CHECK(loaded.executor == "batch");
  CHECK_FALSE(loaded.provider);
  CHECK(loaded.table.empty());
  CHECK(loaded.rows_selected == 12);
}

TEST_CASE("a run.json that is newer, damaged or hostile is refused and kept", "[store]") {
  const ScratchFolder scratch;
  const auto path = scratch / "run.json";
  save_run_record(path, some_run_record());
  const std::string good = read_file(path, 100'000);
  const auto with = [&](const std::string& from, const std::string& to) {
    return refusal_of(path, replaced(good, from, to));
  };
  CHECK(with("\"format\": 2", "\"format\": 3") == ErrorKind::usage);
  CHECK(with("\"format\": 2", "\"format\": 9223372036854775807") == ErrorKind::usage);
  for (const char* format : {"0", "-1", "\"1\"", "null", "1.5", "1e30", "[1]"})
    CHECK(with("\"format\": 2", "\"format\": " + std::string(format)) == ErrorKind::corrupt);
  CHECK(with("\"dims\": 1536", "\"dims\": 4294967297") == ErrorKind::corrupt);
  CHECK(with("\"dims\": 1536", "\"dims\": -1536") == ErrorKind::corrupt);
  CHECK(with("\"dims\": 1536", "\"dims\": 0") == ErrorKind::corrupt);
  CHECK(with("\"max_bytes_per_batch\": 1", "\"max_bytes_per_batch\": -1") == ErrorKind::corrupt);
  CHECK(with("\"limit\": null", "\"limit\": \"5\"") == ErrorKind::corrupt);
  CHECK(with("\"limit\": null", "\"limit\": -5") == ErrorKind::corrupt);
  CHECK(with("\"dry_run\": false", "\"dry_run\": 0") == ErrorKind::corrupt);
  CHECK(with("\"selection\": \"running\"", "\"selection\": \"over\"") == ErrorKind::corrupt);
  CHECK(with("\"task\": {", "\"task\": [], \"x\": {") == ErrorKind::corrupt);
  CHECK(with("\"kind\": \"embed\"", "\"kind\": \"sing\"") == ErrorKind::corrupt);
  CHECK(with("\"run_id\"", "\"run_ID\"") == ErrorKind::corrupt);
  for (std::size_t length = 0; length + 2 < good.size(); length += 7)
    CHECK(refusal_of(path, good.substr(0, length)) == ErrorKind::corrupt);
  CHECK(refusal_of(path, std::string(100'000, '[')) == ErrorKind::corrupt);
  CHECK(refusal_of(path, "[]") == ErrorKind::corrupt);
  CHECK(refusal_of(path, std::string(2 << 20, ' ') + good) == ErrorKind::corrupt);
}

TEST_CASE("only a whole record of this format is surely finished", "[store]") {
  const ScratchFolder scratch;
  const fs::path path = scratch / "run.json";
  CHECK(!is_surely_finished(path));
  RunRecord record = some_run_record();
  save_run_record(path, record);
  CHECK(!is_surely_finished(path));
  record.finished = true;
  save_run_record(path, record);
  CHECK(is_surely_finished(path));
  const std::string text = read_file(path, 1 << 20);
  for (const std::string& other :
       {replaced(text, "\"format\": 2", "\"format\": 3"), replaced(text, "true\n}", "false\n}"),
        text.substr(0, text.size() - 1), text + " "}) {
    std::ofstream(path, std::ios::binary) << other;
    CHECK(!is_surely_finished(path));
  }
}
