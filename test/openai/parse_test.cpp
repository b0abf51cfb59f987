#include "openai/parse.hpp"

#include "support/catch.hpp"

using namespace embedctl;
using namespace embedctl::openai;

namespace {

RemoteBatch batch_from(const std::string& text) {
  const auto document = json::Document::parse(text, "the test");
  const auto batch = parse_batch(document.root());
  REQUIRE(batch);
  return *batch;
}

std::int64_t time_from(const std::string& text) {
  const auto document = json::Document::parse("[" + text + "]", "the test");
  std::int64_t time = -1;
  document.root().for_each([&](const json::Value& value) { time = parse_time(value); });
  return time;
}

} // namespace

TEST_CASE("a batch is read as the provider documents it", "[openai]") {
  const RemoteBatch batch = batch_from(R"({
    "id": "batch_abc", "object": "batch", "endpoint": "/v1/embeddings",
    "errors": null, "input_file_id": "file-in", "completion_window": "24h",
    "status": "completed", "output_file_id": "file-out", "error_file_id": "file-err",
    "created_at": 1711471533, "in_progress_at": 1711471538, "expires_at": 1711557933,
    "request_counts": {"total": 100, "completed": 95, "failed": 5},
    "metadata": {"run": "r1", "batch": "1"}})");
  CHECK(batch.id == "batch_abc");
  CHECK(batch.status == RemoteStatus::completed);
  CHECK(batch.status_text == "completed");
  CHECK(batch.input_file_id == "file-in");
  CHECK(batch.output_file_id == "file-out");
  CHECK(batch.error_file_id == "file-err");
  CHECK(batch.created_at == 1711471533);
  CHECK(batch.expires_at == 1711557933);
  CHECK(batch.counts.total == 100);
  CHECK(batch.counts.completed == 95);
  CHECK(batch.counts.failed == 5);
  CHECK(batch.errors.empty());
  CHECK(batch.metadata == std::map<std::string, std::string>{{"run", "r1"}, {"batch", "1"}});
  CHECK_THAT(batch.json, StartsWith(R"({"id":"batch_abc","object":"batch",)"));
}

TEST_CASE("absent, null and empty file ids are no files", "[openai]") {
  for (const char* text :
       {R"({"id":"b"})", R"({"id":"b","output_file_id":null,"error_file_id":null})",
        R"({"id":"b","output_file_id":"","error_file_id":""})",
        R"({"id":"b","request_counts":null,"errors":null,"metadata":null,"created_at":null})"}) {
    const RemoteBatch batch = batch_from(text);
    CHECK_FALSE(batch.has_files());
    CHECK(batch.counts.total == 0);
    CHECK(batch.created_at == 0);
    CHECK(batch.errors.empty());
    CHECK(batch.metadata.empty());
    CHECK(batch.status == RemoteStatus::unknown);
  }
}

TEST_CASE("what has no id is no batch and no file", "[openai]") {
  for (const char* text : {"{}", R"({"id":null})", R"({"id":""})", R"({"id":7})", "[]", "3"}) {
    const auto document = json::Document::parse(text, "the test");
    CHECK_FALSE(parse_batch(document.root()));
    CHECK_FALSE(parse_file(document.root()));
  }
}

TEST_CASE("statuses come in any case and spelling, and strangers are no end", "[openai]") {
  CHECK(parse_status("Validating") == RemoteStatus::validating);
  CHECK(parse_status("IN_PROGRESS") == RemoteStatus::in_progress);
  CHECK(parse_status("finalizing") == RemoteStatus::finalizing);
  CHECK(parse_status("CANCELING") == RemoteStatus::cancelling);
  CHECK(parse_status("canceled") == RemoteStatus::cancelled);
  CHECK(parse_status("Cancelled") == RemoteStatus::cancelled);
  for (const char* stranger : {"", "in_queue", "PROGRESS", "completed!", "complete"}) {
    CHECK(parse_status(stranger) == RemoteStatus::unknown);
    CHECK_FALSE(has_ended(parse_status(stranger)));
  }
  CHECK(batch_from(R"({"id":"b","status":"\u001b[2J"})").status_text == "\\x1b[2J");
}

TEST_CASE("times are numbers, numbers in quotes or ISO 8601", "[openai]") {
  CHECK(time_from("1711471533") == 1711471533);
  CHECK(time_from("1711471533.9") == 1711471533);
  CHECK(time_from("\"1711471533\"") == 1711471533);
  CHECK(time_from("\"1711471533.25\"") == 1711471533);
  CHECK(time_from("\"2024-03-26T16:45:33Z\"") == 1711471533);
  CHECK(time_from("\"2024-03-26T16:45:33.1234567+00:00\"") == 1711471533);
  CHECK(time_from("\"2024-03-26T18:45:33+02:00\"") == 1711471533);
  CHECK(time_from("\"2024-03-26T11:15:33-0530\"") == 1711471533);
  CHECK(time_from("\"2024-03-26 16:45:33\"") == 1711471533);
  for (const char* nonsense :
       {"null", "true", "-5", "1e300", "\"\"", "\"soon\"", "\"2024-02-31T00:00:00Z\"",
        "\"2024-03-26\"", "\"2024-03-26T16:45\"", "\"2024-03-26T16:45:33Zx\"", "\"nan\"", "{}"})
    CHECK(time_from(nonsense) == 0);
}

TEST_CASE("validation errors are read in every wrapping", "[openai]") {
  const RemoteBatch listed = batch_from(R"({"id":"b","status":"failed","errors":{"object":"list",
    "data":[{"code":"duplicate_custom_id","message":"twice\n","param":null,"line":7},
            {"code":"token_limit_exceeded","message":"later","line":null}]}})");
  REQUIRE(listed.errors.size() == 2);
  CHECK(listed.errors[0].code == "duplicate_custom_id");
  CHECK(listed.errors[0].message == "twice\\x0a");
  CHECK(listed.errors[0].line == 7);
  CHECK_FALSE(listed.errors[1].line);

  CHECK(batch_from(R"({"id":"b","errors":[{"code":"x"}]})").errors.at(0).code == "x");
  CHECK(batch_from(R"({"id":"b","error":"bad file"})").errors.at(0).message == "bad file");
  CHECK(batch_from(R"({"id":"b","error":{"code":"x"}})").errors.at(0).code == "x");
  CHECK(batch_from(R"({"id":"b","errors":{"data":null}})").errors.empty());
}

TEST_CASE("counts may be null, beside the others, or absurd", "[openai]") {
  CHECK(
      batch_from(R"({"id":"b","request_counts":{"total":null,"completed":2}})").counts.total == 0);
  CHECK(batch_from(R"({"id":"b","total":9,"completed":8,"failed":1})").counts.completed == 8);
  CHECK(batch_from(R"({"id":"b","request_counts":{"total":-3}})").counts.total == 0);
}

TEST_CASE("an id of any length and shape is kept", "[openai]") {
  const std::string id(5000, 'a');
  CHECK(batch_from(R"({"id":")" + id + R"(/+=="})").id == id + "/+==");
}

TEST_CASE("a file is read as the provider documents it", "[openai]") {
  const auto document = json::Document::parse(
      R"({"id":"file-1","object":"file","bytes":120,"created_at":1677610602,
          "filename":"batch_001.jsonl","purpose":"batch","status":"processed"})",
      "the test");
  const auto file = parse_file(document.root());
  REQUIRE(file);
  CHECK(file->id == "file-1");
  CHECK(file->name == "batch_001.jsonl");
  CHECK(file->bytes == 120);
  CHECK(file->created_at == 1677610602);
}

TEST_CASE("a list is data, value or a bare array", "[openai]") {
  const auto size_of = [](const char* text) {
    const auto document = json::Document::parse(text, "the test");
    const auto page = parse_page(document.root());
    return page ? static_cast<int>(page->items.size()) : -1;
  };
  CHECK(size_of(R"({"object":"list","data":[{"id":"a"}],"has_more":false})") == 1);
  CHECK(size_of(R"({"value":[{"id":"a"},{"id":"b"}]})") == 2);
  CHECK(size_of(R"([{"id":"a"}])") == 1);
  CHECK(size_of(R"({"data":[]})") == 0);
  CHECK(size_of(R"({"object":"list"})") == -1);
  CHECK(size_of(R"({"data":"x"})") == -1);
}
