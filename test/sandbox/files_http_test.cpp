#include "sandbox/harness.hpp"

#include "support/catch.hpp"

#include <set>
#include <utility>
#include <vector>

using namespace embedctl;
using namespace embedctl::sandbox;

TEST_CASE("a call without a key is refused, and a wrong key where one is set", "[sandbox]") {
  Options options;
  options.api_key = "right";
  Harness harness(options);
  auto& client = harness.client();
  client.set_default_headers({});
  CHECK(Harness::error_in(client.Get("/v1/models")) == "401 - -");
  client.set_default_headers({{"Authorization", "Bearer "}});
  CHECK(Harness::error_in(client.Get("/v1/models")) == "401 - -");
  client.set_default_headers({{"Authorization", "Bearer wrong"}});
  CHECK(Harness::error_in(client.Get("/v1/models")) == "401 invalid_api_key -");
  CHECK(Harness::error_in(harness.upload(input_line("a", "x"))) == "401 invalid_api_key -");
  client.set_default_headers({{"Authorization", "Bearer right"}});
  CHECK(client.Get("/v1/models")->status == 200);
  CHECK(harness.upload(input_line("a", "x"))->status == 200);
}

TEST_CASE("every answer has a request id of its own", "[sandbox]") {
  Harness harness;
  std::set<std::string> ids;
  for (const char* path : {"/v1/models", "/v1/files/file-x", "/v1/nothing", "/_sandbox/calls"}) {
    const auto answer = harness.client().Get(path);
    CHECK_THAT(answer->get_header_value("x-request-id"), StartsWith("req_"));
    ids.insert(answer->get_header_value("x-request-id"));
  }
  CHECK(ids.size() == 4);
}

TEST_CASE("an endpoint that is none is refused in the provider's shape", "[sandbox]") {
  Harness harness;
  CHECK(Harness::error_in(harness.client().Get("/v1/nothing")) == "404 - -");
  CHECK(Harness::error_in(harness.post("/v1/chat/completions", "{}")) == "404 - -");
  CHECK(Harness::error_in(harness.client().Delete("/v1/batches/batch_x")) == "404 - -");
}

TEST_CASE("a client's request id may not be too long", "[sandbox]") {
  Harness harness;
  const auto with_id = [&](std::size_t length) {
    return harness.client().Get("/v1/models", {{"X-Client-Request-Id", std::string(length, 'x')}});
  };
  CHECK(with_id(512)->status == 200);
  CHECK(with_id(513)->status == 400);
}

TEST_CASE("an uploaded file can be looked at, listed, read and deleted", "[sandbox]") {
  Harness harness;
  const std::string content = input_line("a", "x") + input_line("b", "y");
  const auto file = Harness::document(harness.upload(content));
  const auto id = file.root().string("id").value();
  CHECK_THAT(id, StartsWith("file-"));
  CHECK(file.root().string("object") == "file");
  CHECK(file.root().string("purpose") == "batch");
  CHECK(file.root().string("filename") == "in.jsonl");
  CHECK(file.root().string("status") == "processed");
  CHECK(file.root().integer("bytes") == static_cast<std::int64_t>(content.size()));
  CHECK(
      file.root().integer("expires_at").value() - file.root().integer("created_at").value()
      == 30 * 86'400);
  CHECK(Harness::id_in(harness.client().Get("/v1/files/" + id)) == id);
  CHECK(harness.content(id) == content);
  CHECK_THAT(
      harness.client().Delete("/v1/files/" + id)->body,
      ContainsSubstring(R"("object":"file")") && ContainsSubstring(R"("deleted":true)"));
  CHECK(Harness::error_in(harness.client().Get("/v1/files/" + id)) == "404 - id");
  CHECK(Harness::error_in(harness.client().Get("/v1/files/" + id + "/content")) == "404 - id");
  CHECK(Harness::error_in(harness.client().Delete("/v1/files/" + id)) == "404 - id");
}

TEST_CASE("a file's content can be asked for in ranges", "[sandbox]") {
  Harness harness;
  const std::string content = input_line("a", "x");
  const auto path = "/v1/files/" + Harness::id_in(harness.upload(content)) + "/content";
  const auto tail = harness.client().Get(path, {httplib::make_range_header({{10, -1}})});
  CHECK(tail->status == 206);
  CHECK(tail->body == content.substr(10));
  const auto some = harness.client().Get(path, {httplib::make_range_header({{3, 5}})});
  CHECK(some->body == content.substr(3, 3));
  const auto past = harness.client().Get(path, {httplib::make_range_header({{10'000, -1}})});
  CHECK(Harness::error_in(past) == "416 - -");
  const auto nowhere =
      harness.client().Get("/v1/files/file-x/content", {httplib::make_range_header({{10, -1}})});
  CHECK(Harness::error_in(nowhere) == "404 - id");
}

TEST_CASE("files are listed by purpose, order and page", "[sandbox]") {
  Harness harness;
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i)
    ids.push_back(Harness::id_in(harness.upload(input_line("a", "x"))));
  const auto other = Harness::id_in(harness.upload("anything", "user_data"));

  const auto list = [&](const std::string& query) {
    const auto answer = Harness::document(harness.client().Get("/v1/files" + query));
    std::vector<std::string> seen;
    answer.root().find("data")->for_each(
        [&](const json::Value& file) { seen.push_back(file.string("id").value()); });
    CHECK(answer.root().string("object") == "list");
    CHECK(answer.root().string("first_id").value_or("") == (seen.empty() ? "" : seen.front()));
    CHECK(answer.root().string("last_id").value_or("") == (seen.empty() ? "" : seen.back()));
    return std::pair(seen, answer.root().boolean("has_more").value());
  };
  using Ids = std::vector<std::string>;
  CHECK(list("") == std::pair(Ids{other, ids[2], ids[1], ids[0]}, false));
  CHECK(list("?purpose=batch&limit=2") == std::pair(Ids{ids[2], ids[1]}, true));
  CHECK(list("?purpose=batch&limit=2&after=" + ids[1]) == std::pair(Ids{ids[0]}, false));
  CHECK(list("?order=asc&limit=1") == std::pair(Ids{ids[0]}, true));
  CHECK(list("?purpose=evals") == std::pair(Ids{}, false));

  const auto error = [&](const std::string& query) {
    return Harness::error_in(harness.client().Get("/v1/files" + query));
  };
  CHECK(error("?limit=0") == "400 integer_below_min_value limit");
  CHECK(error("?limit=10001") == "400 integer_above_max_value limit");
  CHECK(error("?limit=x") == "400 invalid_type limit");
  CHECK(error("?order=up") == "400 invalid_value order");
  CHECK(error("?after=file-x") == "404 - id");
}

TEST_CASE("an upload that makes no sense is refused, and the connection goes on", "[sandbox]") {
  Harness harness;
  auto& client = harness.client();
  using Items = httplib::MultipartFormDataItems;
  CHECK(Harness::error_in(harness.post("/v1/files", "{}")) == "400 - -");
  CHECK(
      Harness::error_in(client.Post("/v1/files", Items{{"file", "{}", "in.jsonl", ""}}))
      == "400 missing_required_parameter purpose");
  CHECK(
      Harness::error_in(client.Post("/v1/files", Items{{"purpose", "batch", "", ""}}))
      == "400 missing_required_parameter file");
  CHECK(Harness::error_in(harness.upload("{}", "fun")) == "400 invalid_value purpose");
  for (const char* content : {"", "id,text\n", "[1]\n"}) {
    const auto answer = harness.upload(content);
    CHECK(answer->status == 400);
    CHECK_THAT(answer->body, ContainsSubstring("Invalid file format"));
  }
  CHECK(Harness::document(client.Get("/v1/files")).root().find("data")->dump() == "[]");
}

TEST_CASE("a file expires when it was asked to", "[sandbox]") {
  Harness harness;
  const auto upload = [&](const std::string& anchor, const std::string& seconds) {
    return harness.client().Post(
        "/v1/files", httplib::MultipartFormDataItems{
                         {"expires_after[anchor]", anchor, "", ""},
                         {"expires_after[seconds]", seconds, "", ""},
                         {"purpose", "batch", "", ""},
                         {"file", "{}", "in.jsonl", ""}});
  };
  CHECK(
      Harness::error_in(upload("created_at", "3599")) == "400 invalid_value expires_after.seconds");
  CHECK(Harness::error_in(upload("now", "3600")) == "400 invalid_value expires_after.anchor");
  const auto id = Harness::id_in(upload("created_at", "3600"));
  harness.advance(3599);
  CHECK(harness.client().Get("/v1/files/" + id)->status == 200);
  harness.advance(1);
  CHECK(harness.client().Get("/v1/files/" + id)->status == 404);
}

TEST_CASE("a large upload arrives as it was sent", "[sandbox]") {
  Harness harness;
  std::string content;
  while (content.size() < 5'000'000)
    content += input_line(std::to_string(content.size()), "--boundary\\r\\n and \\u2028 text");
  CHECK(harness.content(Harness::id_in(harness.upload(content))) == content);
}
