#include "sandbox/harness.hpp"

#include "sandbox/data_folder.hpp"
#include "sandbox/vectors.hpp"

#include "base/bytes.hpp"
#include "base/file.hpp"

#include "support/catch.hpp"

#include <cstring>
#include <map>
#include <sstream>

using namespace embedctl;
using namespace embedctl::sandbox;

namespace {

// The vectors of an output file by custom_id, whichever their encoding.
std::map<std::string, std::vector<float>> vectors_in(const std::string& content) {
  std::map<std::string, std::vector<float>> vectors;
  std::istringstream lines(content);
  for (std::string line; std::getline(lines, line);) {
    const auto document = json::Document::parse(line, "line");
    auto& vector = vectors[document.root().string("custom_id").value()];
    document.root()
        .find("response")
        ->find("body")
        ->find("data")
        ->for_each([&](const json::Value& item) {
          const auto embedding = item.find("embedding").value();
          if (const auto base64 = embedding.as_string()) {
            std::vector<std::byte> bytes;
            REQUIRE(from_base64(*base64, bytes));
            vector.resize(bytes.size() / sizeof(float));
            std::memcpy(vector.data(), bytes.data(), bytes.size());
          }
          embedding.for_each([&](const json::Value& number) {
            vector.push_back(static_cast<float>(number.as_double().value()));
          });
        });
  }
  return vectors;
}

std::string create_body(const std::string& more) {
  return R"({"input_file_id":"file-x","endpoint":"/v1/embeddings","completion_window":"24h")" + more
         + "}";
}

} // namespace

TEST_CASE("a batch is created at once and runs by and by", "[sandbox]") {
  Harness harness;
  const auto file = Harness::id_in(harness.upload(input_line("a", "x")));
  const auto created = Harness::document(harness.post(
      "/v1/batches",
      R"({"input_file_id":")" + file
          + R"(","endpoint":"/v1/embeddings","completion_window":"24h","metadata":{"run":"1"}})"));
  const auto root = created.root();
  CHECK(root.string("object") == "batch");
  CHECK(root.string("status") == "validating");
  CHECK(root.string("input_file_id") == file);
  CHECK(root.find("metadata")->string("run") == "1");
  CHECK(root.find("request_counts")->integer("total") == 0);
  CHECK(root.integer("expires_at").value() - root.integer("created_at").value() == 86'400);

  const auto id = root.string("id").value();
  CHECK(harness.batch_after(0.3, id).root().string("status") == "in_progress");
  CHECK(harness.batch_after(0.7, id).root().string("status") == "finalizing");
  const auto done = harness.batch_after(0.2, id);
  CHECK(done.root().string("status") == "completed");
  CHECK(done.root().string("model") == "text-embedding-3-small");
  CHECK(done.root().find("request_counts")->integer("completed") == 1);
  CHECK(done.root().find("usage")->integer("input_tokens") == 1);
  CHECK(done.root().integer("completed_at"));
  CHECK_FALSE(done.root().find("errors"));
  CHECK_FALSE(done.root().find("error_file_id"));
}

TEST_CASE("a result line has the shape that the reference tells", "[sandbox]") {
  Harness harness;
  const auto id = harness.submit(input_line("a", "x", R"(,"dimensions":2)"));
  const auto output = harness.batch_after(2, id).root().string("output_file_id").value();
  const auto line = json::Document::parse(harness.content(output), "line");
  CHECK_THAT(line.root().string("id").value(), StartsWith("batch_req_"));
  CHECK(line.root().string("custom_id") == "a");
  CHECK(line.root().dump().ends_with(R"("error":null})"));
  const auto response = line.root().find("response").value();
  CHECK(response.integer("status_code") == 200);
  CHECK(response.string("request_id"));
  const auto body = response.find("body").value();
  CHECK(body.string("object") == "list");
  CHECK(body.string("model") == "text-embedding-3-small");
  CHECK(body.find("usage")->integer("prompt_tokens") == 1);
  CHECK(body.find("usage")->integer("total_tokens") == 1);
  CHECK_THAT(
      body.find("data")->dump(), StartsWith(R"([{"object":"embedding","index":0,"embedding":[)"));
}

TEST_CASE("every result is the vector of its own text, in either encoding", "[sandbox]") {
  Harness harness;
  const std::map<std::string, std::string> texts = {
      {"a", "the pump leaks"},
      {"b", "a \\u2028 line \\n break"},
      {"c", "\\\"quoted\\\" \\ud83d\\ude00"}};
  for (const char* encoding : {"float", "base64"}) {
    std::string lines;
    for (const auto& [key, text] : texts)
      lines += input_line(
          key, text, std::string(R"(,"dimensions":16,"encoding_format":")") + encoding + '"');
    const auto output =
        harness.batch_after(2, harness.submit(lines)).root().string("output_file_id").value();
    const auto vectors = vectors_in(harness.content(output));
    REQUIRE(vectors.size() == 3);
    CHECK(vectors.at("a") == embed("the pump leaks", 16));
    CHECK(vectors.at("b") == embed("a \xe2\x80\xa8 line \n break", 16));
    CHECK(vectors.at("c") == embed("\"quoted\" \xf0\x9f\x98\x80", 16));
  }
}

TEST_CASE("a batch that is refused as a whole says so later, with every bad line", "[sandbox]") {
  Harness harness;
  const auto id = harness.submit(input_line("a", "x") + "{\n" + input_line("a", "y"));
  const auto failed = harness.batch_after(1, id);
  CHECK(failed.root().string("status") == "failed");
  CHECK(failed.root().integer("failed_at"));
  CHECK(failed.root().find("request_counts")->integer("total") == 0);
  const auto errors = failed.root().find("errors").value();
  CHECK(errors.string("object") == "list");
  std::vector<std::string> codes;
  errors.find("data")->for_each([&](const json::Value& error) {
    codes.push_back(
        error.string("code").value() + ' ' + std::to_string(error.integer("line").value()));
  });
  CHECK(codes == std::vector<std::string>{"invalid_json_line 2", "duplicate_custom_id 3"});
}

TEST_CASE("a batch of failures completes without an output file", "[sandbox]") {
  Harness harness;
  const auto id = harness.submit(input_line("a", "[[fail:500]]"));
  const auto done = harness.batch_after(2, id);
  CHECK(done.root().string("status") == "completed");
  CHECK_FALSE(done.root().find("output_file_id"));
  CHECK(done.root().string("error_file_id"));
  CHECK_FALSE(done.root().find("errors"));
  const auto counts = done.root().find("request_counts").value();
  CHECK(counts.integer("completed") == 0);
  CHECK(counts.integer("failed") == 1);
}

TEST_CASE("an unknown input file is found missing only in validation", "[sandbox]") {
  Harness harness;
  const auto created = harness.post("/v1/batches", create_body(""));
  CHECK(created->status == 200);
  CHECK_THAT(
      harness.batch_after(1, Harness::id_in(created)).root().find("errors")->dump(),
      ContainsSubstring("Cannot find file file-x"));
}

TEST_CASE("a batch that makes no sense is refused at once", "[sandbox]") {
  Harness harness;
  const auto error = [&](const std::string& body) {
    return Harness::error_in(harness.post("/v1/batches", body));
  };
  CHECK(error("") == "400 - -");
  CHECK(error("[]") == "400 - -");
  CHECK(error("{}") == "400 missing_required_parameter input_file_id");
  CHECK(error(R"({"input_file_id":1})") == "400 invalid_type input_file_id");
  CHECK(error(R"({"input_file_id":"f"})") == "400 missing_required_parameter endpoint");
  CHECK(
      error(R"({"input_file_id":"f","endpoint":"/v1/nothing","completion_window":"24h"})")
      == "400 invalid_value endpoint");
  CHECK(
      error(R"({"input_file_id":"f","endpoint":"/v1/embeddings","completion_window":"1h"})")
      == "400 invalid_value completion_window");
  CHECK(error(create_body(R"(,"metadata":[])")) == "400 invalid_type metadata");
  CHECK(error(create_body(R"(,"metadata":{"k":1})")) == "400 invalid_type metadata.k");
  CHECK(
      error(create_body(R"(,"metadata":{")" + std::string(65, 'k') + R"(":"v"})"))
      == "400 string_above_max_length metadata");
  CHECK(
      error(create_body(R"(,"metadata":{"k":")" + std::string(513, 'v') + R"("})"))
      == "400 string_above_max_length metadata.k");
  std::string pairs;
  for (int i = 0; i < 17; ++i)
    pairs += (i > 0 ? ",\"k" : "\"k") + std::to_string(i) + R"(":"v")";
  CHECK(
      error(create_body(R"(,"metadata":{)" + pairs + "}"))
      == "400 object_above_max_properties metadata");
  CHECK(
      error(create_body(R"(,"output_expires_after":{"anchor":"created_at","seconds":1})"))
      == "400 invalid_value output_expires_after.seconds");
}

TEST_CASE("results are deleted when the batch asked for it", "[sandbox]") {
  Harness harness;
  const auto file = Harness::id_in(harness.upload(input_line("a", "x")));
  const auto id = Harness::id_in(harness.post(
      "/v1/batches",
      R"({"input_file_id":")" + file
          + R"(","endpoint":"/v1/embeddings","completion_window":"24h","output_expires_after":{"anchor":"created_at","seconds":3600}})"));
  const auto path =
      "/v1/files/" + harness.batch_after(2, id).root().string("output_file_id").value();
  CHECK(harness.client().Get(path)->status == 200);
  harness.advance(3601);
  CHECK(harness.client().Get(path)->status == 404);
}

TEST_CASE("a batch is cancelled with partial results, and not when it is over", "[sandbox]") {
  Harness harness;
  std::string lines;
  for (int i = 0; i < 10; ++i)
    lines += input_line(std::to_string(i), "text");
  const auto id = harness.submit(lines);
  harness.advance(0.65);
  const auto cancel = "/v1/batches/" + id + "/cancel";
  const auto cancelling = Harness::document(harness.client().Post(cancel));
  CHECK(cancelling.root().string("status") == "cancelling");
  CHECK(cancelling.root().integer("cancelling_at"));
  const auto cancelled = harness.batch_after(0.2, id);
  CHECK(cancelled.root().string("status") == "cancelled");
  CHECK(cancelled.root().find("request_counts")->integer("completed") == 5);
  CHECK(cancelled.root().string("output_file_id"));
  CHECK(cancelled.root().string("error_file_id"));
  CHECK(harness.client().Post(cancel)->status == 200);

  const auto done = harness.submit(lines);
  harness.advance(2);
  const auto refused = harness.client().Post("/v1/batches/" + done + "/cancel");
  CHECK(refused->status == 409);
  CHECK(
      refused->body
      == R"({"error":{"message":"Cannot cancel a batch with status 'completed'.","type":"invalid_request_error","param":null,"code":null}})");
  CHECK(Harness::error_in(harness.client().Post("/v1/batches/batch_x/cancel")) == "404 - -");
  CHECK(Harness::error_in(harness.client().Get("/v1/batches/batch_x")) == "404 - -");
}

TEST_CASE("batches are listed over HTTP page by page", "[sandbox]") {
  Harness harness;
  for (int i = 0; i < 3; ++i)
    harness.post("/v1/batches", create_body(""));
  const auto first = Harness::document(harness.client().Get("/v1/batches?limit=2"));
  CHECK(first.root().boolean("has_more") == true);
  const auto second = Harness::document(
      harness.client().Get("/v1/batches?after=" + first.root().string("last_id").value()));
  CHECK(second.root().boolean("has_more") == false);
  CHECK(second.root().string("first_id") == second.root().string("last_id"));
  const auto error = [&](const std::string& query) {
    return Harness::error_in(harness.client().Get("/v1/batches" + query));
  };
  CHECK(error("?limit=101") == "400 integer_above_max_value limit");
  CHECK(error("?after=batch_x") == "404 - -");
}

TEST_CASE(
    "a sandbox that is started again goes on with its files, batches and clock", "[sandbox]") {
  const DataFolder folder({});
  Options options;
  options.data_dir = folder.path() / "data";
  options.ready_file = folder.path() / "ready";
  std::string id;
  {
    Harness first(options);
    options.port = first.server().port();
    id = first.submit(input_line("a", "x") + input_line("b", "y"));
    CHECK(first.batch_after(0.65, id).root().find("request_counts")->integer("completed") == 1);
    CHECK(read_file(options.ready_file, 100) == first.server().base_url() + "\n");
  }
  Harness second(options);
  CHECK(second.server().port() == options.port);
  CHECK(second.batch(id).root().find("request_counts")->integer("completed") == 1);
  const auto done = second.batch_after(1, id);
  CHECK(done.root().string("status") == "completed");
  CHECK(vectors_in(second.content(done.root().string("output_file_id").value())).size() == 2);
  CHECK(
      second.client().Get("/_sandbox/ledger")->body
      == R"({"requests":2,"tokens":2,"custom_ids":2,"billed_again":0})");
}

TEST_CASE("a row that two batches run is billed again, and the ledger tells", "[sandbox]") {
  Harness harness;
  harness.submit(input_line("a", "x") + input_line("b", "y"));
  harness.submit(input_line("a", "x"));
  harness.advance(2);
  CHECK(
      harness.client().Get("/_sandbox/ledger")->body
      == R"({"requests":3,"tokens":3,"custom_ids":2,"billed_again":1})");
}
