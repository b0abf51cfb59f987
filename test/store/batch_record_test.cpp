#include "store/batch_record.hpp"

#include "base/error.hpp"
#include "base/file.hpp"

#include "support/catch.hpp"
#include "support/scratch_folder.hpp"

#include <fstream>

using namespace embedctl;
using namespace embedctl::store;
using embedctl::test::ScratchFolder;

namespace {

BatchRecord full_record() {
  BatchRecord record;
  record.number = 7;
  record.state = BatchState::ended;
  record.bytes = 188'743'680;
  record.sha256 = "abc";
  record.upload_attempt = 2;
  record.create_attempt = 4;
  record.input_file_id = "file-1";
  record.input_file_created_at = 1'700'000'001;
  record.batch_id = "batch_1";
  RemoteBatch remote;
  remote.id = "batch_1";
  remote.status = RemoteStatus::expired;
  remote.status_text = "Expired \"soon\"";
  remote.input_file_id = "file-1";
  remote.output_file_id = "file-2";
  remote.error_file_id = "file-3";
  remote.created_at = 1'700'000'002;
  remote.expires_at = 1'700'086'402;
  remote.counts = {10, 6, 1};
  remote.errors = {{"a", "first", 3}, {"", "second\nline", std::nullopt}};
  remote.json = R"({"id":"batch_1","deep":{"list":[1,null,"\u001b"]}})";
  record.remote = remote;
  record.refusals = {{1'700'000'003, "batch_0", "token_limit_exceeded", "later"}, {}};
  for (std::size_t i = 0; i < k_row_states; ++i)
    record.rows[static_cast<RowState>(i)] = i + 1;
  record.asked = record.rows.total() - 3;
  record.requests = record.asked - 5;
  record.refused_at = 1'700'000'009;
  record.skipped = 3;
  record.findings = {1, 2, 3};
  record.archives = {{"output.jsonl", 99, "ab"}};
  return record;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

ErrorKind refusal_of(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  try {
    load_batch_record(path);
  } catch (const Error& error) {
    CHECK(read_file(path, text.size()) == text);
    return error.kind();
  }
  FAIL("taken: " << text);
  return ErrorKind::internal;
}

} // namespace

TEST_CASE("every member of batch.json survives a round trip", "[store]") {
  const ScratchFolder scratch;
  const BatchRecord record = full_record();
  save_batch_record(scratch / "batch.json", record);
  const BatchRecord loaded = load_batch_record(scratch / "batch.json");
  CHECK(loaded.number == record.number);
  CHECK(loaded.state == record.state);
  CHECK(loaded.requests == record.requests);
  CHECK(loaded.asked == record.asked);
  CHECK(loaded.refused_at == record.refused_at);
  CHECK(loaded.skipped == record.skipped);
  CHECK(loaded.bytes == record.bytes);
  CHECK(loaded.sha256 == record.sha256);
  CHECK(loaded.upload_attempt == record.upload_attempt);
  CHECK(loaded.create_attempt == record.create_attempt);
  CHECK(loaded.input_file_id == record.input_file_id);
  CHECK(loaded.input_file_created_at == record.input_file_created_at);
  CHECK(loaded.batch_id == record.batch_id);
  REQUIRE(loaded.remote);
  CHECK(loaded.remote->id == record.remote->id);
  CHECK(loaded.remote->status == record.remote->status);
  CHECK(loaded.remote->status_text == record.remote->status_text);
  CHECK(loaded.remote->input_file_id == record.remote->input_file_id);
  CHECK(loaded.remote->output_file_id == record.remote->output_file_id);
  CHECK(loaded.remote->error_file_id == record.remote->error_file_id);
  CHECK(loaded.remote->created_at == record.remote->created_at);
  CHECK(loaded.remote->expires_at == record.remote->expires_at);
  CHECK(loaded.remote->counts.total == 10);
  CHECK(loaded.remote->counts.completed == 6);
  CHECK(loaded.remote->counts.failed == 1);
  REQUIRE(loaded.remote->errors.size() == 2);
  CHECK(loaded.remote->errors[0].line == 3);
  CHECK(loaded.remote->errors[1].message == "second\nline");
  CHECK_FALSE(loaded.remote->errors[1].line);
  CHECK(loaded.remote->json == record.remote->json);
  REQUIRE(loaded.refusals.size() == 2);
  CHECK(loaded.refusals[0].at == 1'700'000'003);
  CHECK(loaded.refusals[0].batch_id == "batch_0");
  CHECK(loaded.refusals[0].code == "token_limit_exceeded");
  CHECK(loaded.refusals[0].message == "later");
  CHECK(loaded.rows == record.rows);
  CHECK(loaded.findings.unknown_ids == 1);
  CHECK(loaded.findings.repeated_lines == 2);
  CHECK(loaded.findings.damaged_lines == 3);
  REQUIRE(loaded.archives.size() == 1);
  CHECK(loaded.archives[0].file == "output.jsonl");
  CHECK(loaded.archives[0].bytes == 99);
  CHECK(loaded.archives[0].sha256 == "ab");
}

TEST_CASE("a record from before there were archives is read", "[store]") {
  const ScratchFolder scratch;
  const auto path = scratch / "batch.json";
  save_batch_record(path, BatchRecord{});
  std::string text = read_file(path, 100'000);
  const auto member = text.rfind(",", text.find("\"archives\""));
  text.erase(member, text.find(']', member) + 1 - member);
  write_file_atomically(path, text);
  CHECK(load_batch_record(path).archives.empty());
}

TEST_CASE("every state of a batch survives a round trip", "[store]") {
  const ScratchFolder scratch;
  for (int state = 0; state <= static_cast<int>(BatchState::archived); ++state) {
    BatchRecord record;
    record.state = static_cast<BatchState>(state);
    save_batch_record(scratch / "batch.json", record);
    CHECK(load_batch_record(scratch / "batch.json").state == record.state);
    CHECK_FALSE(load_batch_record(scratch / "batch.json").remote);
  }
  for (int status = 0; status <= static_cast<int>(RemoteStatus::unknown); ++status) {
    BatchRecord record;
    record.remote.emplace().status = static_cast<RemoteStatus>(status);
    save_batch_record(scratch / "batch.json", record);
    CHECK(load_batch_record(scratch / "batch.json").remote->status == record.remote->status);
  }
}

TEST_CASE("only a refusal without files is a refusal of the whole batch", "[store]") {
  BatchRecord record = full_record();
  CHECK_FALSE(record.was_refused());
  record.remote->status = RemoteStatus::failed;
  CHECK_FALSE(record.was_refused());
  record.remote->output_file_id.clear();
  record.remote->error_file_id.clear();
  CHECK_FALSE(record.was_refused()); // it counts results, so it has run
  record.remote->counts.completed = 0;
  CHECK(record.was_refused());
  record.state = BatchState::ingested;
  CHECK_FALSE(record.was_refused());
}

TEST_CASE("an answer nested so deep that it cannot be read again is left out", "[store]") {
  const ScratchFolder scratch;
  BatchRecord record = full_record();
  record.remote->json = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  save_batch_record(scratch / "batch.json", record);
  CHECK(load_batch_record(scratch / "batch.json").batch_id == record.batch_id);
  record.remote->json = std::string(1023, '[') + std::string(1023, ']');
  save_batch_record(scratch / "batch.json", record);
  CHECK(load_batch_record(scratch / "batch.json").batch_id == record.batch_id);
}

TEST_CASE("a batch.json that is newer, damaged or hostile is refused and kept", "[store]") {
  const ScratchFolder scratch;
  const auto path = scratch / "batch.json";
  save_batch_record(path, full_record());
  const std::string good = read_file(path, 100'000);
  const auto with = [&](const std::string& from, const std::string& to) {
    INFO(to);
    return refusal_of(path, replaced(good, from, to));
  };
  CHECK(with("\"format\": 2", "\"format\": 3") == ErrorKind::usage);
  CHECK(with("\"number\": 7", "\"number\": 4294967303") == ErrorKind::corrupt);
  CHECK(with("\"number\": 7", "\"number\": -7") == ErrorKind::corrupt);
  CHECK(with("\"upload_attempt\": 2", "\"upload_attempt\": 2147483648") == ErrorKind::corrupt);
  CHECK(with("\"create_attempt\": 4", "\"create_attempt\": 2147483647") == ErrorKind::corrupt);
  CHECK(with("\"state\": \"ended\"", "\"state\": \"Ended\"") == ErrorKind::corrupt);
  CHECK(with("\"status\": \"expired\"", "\"status\": \"over\"") == ErrorKind::corrupt);
  CHECK(with("\"requests\": 20", "\"requests\": -10") == ErrorKind::corrupt);
  CHECK(with("\"requests\": 20", "\"requests\": 1e3") == ErrorKind::corrupt);
  CHECK(with("\"refusals\": [", "\"refusals\": 5, \"x\": [") == ErrorKind::corrupt);
  CHECK(with("\"errors\": [", "\"errors\": {}, \"x\": [") == ErrorKind::corrupt);
  CHECK(with("\"provider\": {", "\"provider\": \"x\", \"x\": {") == ErrorKind::corrupt);
  CHECK(with("\"findings\": {", "\"findings\": null, \"x\": {") == ErrorKind::corrupt);
  CHECK(with("\"at\": 1700000003,", "") == ErrorKind::corrupt);
  for (std::size_t length = 0; length + 2 < good.size(); length += 13)
    CHECK(refusal_of(path, good.substr(0, length)) == ErrorKind::corrupt);
}

TEST_CASE("books that do not add up are no books", "[store]") {
  const ScratchFolder scratch;
  const auto path = scratch / "batch.json";
  BatchRecord record = full_record();
  ++record.rows[RowState::written];
  save_batch_record(path, record);
  CHECK(refusal_of(path, read_file(path, 100'000)) == ErrorKind::corrupt);
}

TEST_CASE("a batch.json that is not there is asked for", "[store]") {
  const ScratchFolder scratch;
  CHECK_THROWS_WITH(load_batch_record(scratch / "batch.json"), ContainsSubstring("does not exist"));
}
