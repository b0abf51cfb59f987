#include "sandbox/harness.hpp"

#include "support/catch.hpp"

#include <chrono>

using namespace embedctl;
using namespace embedctl::sandbox;

namespace {

std::size_t files_of(Harness& harness) {
  std::size_t count = 0;
  Harness::document(harness.client().Get("/v1/files"))
      .root()
      .find("data")
      ->for_each([&](const json::Value&) { ++count; });
  return count;
}

std::string small_output(Harness& harness) {
  const auto id = harness.submit(
      input_line("a", "x", R"(,"dimensions":2)") + input_line("b", "y", R"(,"dimensions":2)"));
  return harness.batch_after(2, id).root().string("output_file_id").value();
}

} // namespace

TEST_CASE("a planned status answers the planned call and no other", "[sandbox]") {
  Harness harness;
  harness.plan(
      R"([{"endpoint":"GET /v1/files/{id}","call":2,"action":"status","status":429,"headers":{"retry-after":"1","x-should-retry":"false"},"body":{"error":{"code":"insufficient_quota"}}}])");
  const auto path = "/v1/files/" + Harness::id_in(harness.upload("{}"));
  CHECK(harness.client().Get(path)->status == 200);
  const auto refused = harness.client().Get(path);
  CHECK(refused->status == 429);
  CHECK(refused->get_header_value("retry-after") == "1");
  CHECK(refused->get_header_value_count("x-request-id") == 1);
  CHECK(refused->body == R"({"error":{"code":"insufficient_quota"}})");
  CHECK(harness.client().Get(path)->status == 200);
  CHECK_THAT(harness.client().Get("/_sandbox/faults")->body, ContainsSubstring(R"("fired":1)"));
}

TEST_CASE("a planned status comes before the effect, or after it where asked", "[sandbox]") {
  Harness harness;
  harness.plan(R"([{"endpoint":"POST /v1/files","call":1,"action":"status","status":500},
                   {"endpoint":"POST /v1/files","call":2,"action":"status","status":502,"after_effect":true}])");
  CHECK(harness.upload("{}")->status == 500);
  CHECK(files_of(harness) == 0);
  CHECK(harness.upload("{}")->status == 502);
  CHECK(files_of(harness) == 1);
}

TEST_CASE("a connection is dropped before or after the call takes effect", "[sandbox]") {
  Harness harness;
  harness.plan(R"([{"endpoint":"POST /v1/files","call":1,"action":"drop_before"},
                   {"endpoint":"POST /v1/files","call":2,"action":"drop_after"},
                   {"endpoint":"POST /v1/batches","call":1,"action":"drop_after"},
                   {"endpoint":"GET /v1/models","call":1,"action":"drop_before"}])");
  CHECK_FALSE(harness.upload("{}"));
  CHECK(files_of(harness) == 0);
  CHECK_FALSE(harness.upload("{}"));
  CHECK(files_of(harness) == 1);
  CHECK_FALSE(harness.post(
      "/v1/batches",
      R"({"input_file_id":"file-x","endpoint":"/v1/embeddings","completion_window":"24h"})"));
  CHECK(Harness::document(harness.client().Get("/v1/batches")).root().string("first_id"));
  CHECK_FALSE(harness.client().Get("/v1/models"));
  CHECK(harness.client().Get("/v1/models")->status == 200);
}

TEST_CASE("a download is cut short, and whole the next time", "[sandbox]") {
  Harness harness;
  const auto path = "/v1/files/" + small_output(harness) + "/content";
  const auto whole = harness.client().Get(path)->body;
  harness.plan(R"([{"endpoint":"GET /v1/files/{id}/content","action":"truncate","bytes":40}])");
  std::string got;
  const auto cut = harness.client().Get(path, [&](const char* data, std::size_t size) {
    got.append(data, size);
    return true;
  });
  CHECK_FALSE(cut);
  CHECK(got == whole.substr(0, 40));
  CHECK(harness.client().Get(path)->body == whole);
}

TEST_CASE("any answer can be cut short", "[sandbox]") {
  Harness harness;
  harness.plan(R"([{"endpoint":"GET /v1/models","action":"truncate","bytes":10}])");
  CHECK_FALSE(harness.client().Get("/v1/models"));
  CHECK(harness.client().Get("/v1/models")->status == 200);
}

TEST_CASE("an answer waits or stalls as long as planned, and comes whole", "[sandbox]") {
  Harness harness;
  const auto path = "/v1/files/" + small_output(harness) + "/content";
  const auto whole = harness.client().Get(path)->body;
  harness.plan(R"([{"endpoint":"GET /v1/files/{id}/content","call":1,"action":"wait","seconds":0.1},
                   {"endpoint":"GET /v1/files/{id}/content","call":2,"action":"stall","bytes":7,"seconds":0.1}])");
  for (int call = 0; call < 2; ++call) {
    const auto start = std::chrono::steady_clock::now();
    CHECK(harness.client().Get(path)->body == whole);
    CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(100));
  }
}

TEST_CASE("lines of a download are damaged, and whole the next time", "[sandbox]") {
  Harness harness;
  const auto path = "/v1/files/" + small_output(harness) + "/content";
  const auto whole = harness.client().Get(path)->body;
  const auto second = whole.substr(whole.find('\n') + 1);
  harness.plan(
      R"([{"endpoint":"GET /v1/files/{id}/content","action":"damage","mode":"drop_line","lines":[1]}])");
  CHECK(harness.client().Get(path)->body == second);
  CHECK(harness.client().Get(path)->body == whole);
}

TEST_CASE("a batch fails validation for a planned reason, and not when sent again", "[sandbox]") {
  Harness harness;
  harness.plan(
      R"([{"endpoint":"POST /v1/batches","action":"fail_validation","code":"invalid_request","message":"Cannot find file","param":"file_id"}])");
  const auto first = harness.batch_after(1, harness.submit(input_line("a", "x")));
  CHECK(first.root().string("status") == "failed");
  CHECK(
      first.root().find("errors")->find("data")->dump()
      == R"([{"code":"invalid_request","message":"Cannot find file","param":"file_id","line":null}])");
  CHECK(
      harness.batch_after(2, harness.submit(input_line("a", "x"))).root().string("status")
      == "completed");
}

TEST_CASE("calls are counted by endpoint, and what controls the sandbox is not", "[sandbox]") {
  Harness harness;
  harness.client().Get("/v1/files/file-a");
  harness.client().Get("/v1/files/file-b");
  harness.client().Get("/v1/models");
  CHECK(
      harness.client().Get("/_sandbox/calls")->body
      == R"({"calls":{"GET /v1/files/{id}":2,"GET /v1/models":1}})");
}

TEST_CASE("a plan or a time that makes no sense is refused", "[sandbox]") {
  Harness harness;
  CHECK(harness.post("/_sandbox/faults", "{}")->status == 400);
  CHECK(harness.post("/_sandbox/advance", R"({"seconds":-1})")->status == 400);
  CHECK(harness.post("/_sandbox/advance", "soon")->status == 400);
}
