#include "openai/provider.hpp"

#include "base/file.hpp"

#include "support/catch.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_progress.hpp"
#include "support/fake_transport.hpp"
#include "support/scratch_folder.hpp"

#include <fstream>

#include <fmt/format.h>

using namespace embedctl;
using namespace embedctl::openai;
using namespace embedctl::test;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  FakeTransport transport;
  FakeClock clock;
  FakeProgress progress;
  ScratchFolder folder;
  Options options;
  std::uint64_t bytes = 0;

  Fixture() {
    options.base_url = "https://h/v1/";
    options.api_key = Secret("canary-key");
  }

  Provider provider() { return Provider(transport, clock, progress, options); }
  BatchProvider::OnBytes counter() {
    return [this](std::uint64_t more) { bytes += more; };
  }

  template <typename Step>
  Error failure(Step step) {
    try {
      step(provider());
    } catch (const Error& error) {
      CHECK_THAT(error.what() + error.hint(), !ContainsSubstring("canary"));
      for (const std::string& note : progress.notes)
        CHECK_THAT(note, !ContainsSubstring("canary"));
      return error;
    }
    FAIL("it should have thrown");
    throw std::logic_error("not reached");
  }
};

const auto create = [](Provider provider) { provider.create({"file-1", "/v1/embeddings", {}}); };
const auto retrieve = [](Provider provider) { provider.retrieve("b"); };

std::string page(const std::vector<std::string>& items, bool has_more) {
  return fmt::format(
      R"({{"object":"list","data":[{}],"has_more":{}}})", fmt::join(items, ","), has_more);
}

std::string listed(const std::string& id, std::int64_t created_at, const std::string& run = "r") {
  return fmt::format(
      R"({{"id":"{}","status":"in_progress","created_at":{},"metadata":{{"run":"{}","n":"1"}}}})",
      id, created_at, run);
}

std::vector<std::string> ids(const std::vector<RemoteBatch>& batches) {
  std::vector<std::string> all;
  for (const RemoteBatch& batch : batches)
    all.push_back(batch.id);
  return all;
}

const std::map<std::string, std::string> k_metadata = {{"run", "r"}};

} // namespace

TEST_CASE_METHOD(Fixture, "access is checked by a call that changes nothing", "[openai]") {
  options.organization = "org-1";
  options.project = "proj_1";
  transport.answer(200, page({}, false));
  provider().check_access();
  const HttpRequest& request = transport.requests.at(0);
  CHECK(request.method == "GET");
  CHECK(request.url == "https://h/v1/batches?limit=1");
  CHECK(request.bearer.reveal() == "canary-key");
  CHECK(
      request.headers
      == HttpHeaders{{"OpenAI-Organization", "org-1"}, {"OpenAI-Project", "proj_1"}});
}

TEST_CASE_METHOD(Fixture, "models are those that the provider lists, if it lists any", "[openai]") {
  transport.answer(200, R"({"object":"list","data":[{"id":"a"},{"name":"no id"},{"id":"b"}]})");
  CHECK(provider().models() == std::vector<std::string>{"a", "b"});
  CHECK(transport.requests.at(0).url == "https://h/v1/models");
  for (const auto& [status, body] : {std::pair{404, "{}"}, {500, ""}, {200, "<html>"}, {200, "[]"}}) {
    transport.answer(status, body);
    CHECK(provider().models().empty());
  }
}

TEST_CASE_METHOD(Fixture, "access that is refused is refused at once", "[openai]") {
  const auto check = [](Provider provider) { provider.check_access(); };
  SECTION("the key") {
    transport.answer(401, R"({"error":{"message":"Incorrect API key provided: canary-key"}})");
    CHECK(failure(check).kind() == ErrorKind::provider);
  }
  SECTION("no money") {
    transport.answer(429, R"({"error":{"message":"quota","code":"insufficient_quota"}})");
    const Error error = failure(check);
    CHECK(error.kind() == ErrorKind::provider);
    CHECK(error.provider->code == "insufficient_quota");
    CHECK_THAT(error.hint(), ContainsSubstring("billing"));
  }
  SECTION("another kind of server") {
    transport.answer(200, "<html>welcome</html>");
    CHECK_THAT(failure(check).hint(), ContainsSubstring("OPENAI_BASE_URL"));
  }
  CHECK(clock.sleeps.empty());
}

TEST_CASE_METHOD(Fixture, "a key that no header can carry is refused unseen", "[openai]") {
  for (const char* key : {"canary\n", "canary key", "\"canary\xe2\x80\x9d", "canary\r\nX: y"}) {
    options.api_key = Secret(key);
    CHECK(failure([](Provider) {}).kind() == ErrorKind::usage);
  }
}

TEST_CASE_METHOD(Fixture, "an upload names its purpose and file", "[openai]") {
  transport.answer(200, R"({"id":"file-1","bytes":3,"filename":"n.jsonl","created_at":5})");
  const RemoteFile file = provider().upload(folder / "in", "n.jsonl", {});
  CHECK(file.id == "file-1");
  const HttpRequest& request = transport.requests.at(0);
  CHECK(request.method == "POST");
  CHECK(request.url == "https://h/v1/files");
  REQUIRE(request.upload);
  CHECK(request.upload->fields.at(0) == std::pair<std::string, std::string>{"purpose", "batch"});
  CHECK(request.upload->file == folder / "in");
  CHECK(request.upload->file_name == "n.jsonl");
  CHECK_FALSE(request.finish_when_stopping);
}

TEST_CASE_METHOD(Fixture, "bytes of a repeated upload are counted once", "[openai]") {
  const auto send = [](std::uint64_t size, int status) {
    return [=](const HttpRequest& request) {
      request.on_bytes(size);
      return HttpResponse{status, {}, R"({"id":"file-1"})"};
    };
  };
  transport.then(send(60, 429)).then(send(40, 429)).then(send(100, 200));
  provider().upload(folder / "in", "n.jsonl", counter());
  CHECK(bytes == 100);
}

TEST_CASE_METHOD(Fixture, "a batch is created once, with what it is for", "[openai]") {
  transport.answer(200, R"({"id":"batch_1","status":"validating"})");
  const RemoteBatch batch =
      provider().create({"file-1", "/v1/embeddings", {{"run", "r\"1"}, {"n", "1"}}});
  CHECK(batch.id == "batch_1");
  const HttpRequest& request = transport.requests.at(0);
  CHECK(request.method == "POST");
  CHECK(request.url == "https://h/v1/batches");
  CHECK(
      request.body
      == R"({"input_file_id":"file-1","endpoint":"/v1/embeddings","completion_window":"24h",)"
         R"("metadata":{"n":"1","run":"r\"1"}})");
  CHECK(request.headers == HttpHeaders{{"Content-Type", "application/json"}});
  CHECK(request.finish_when_stopping);
}

TEST_CASE_METHOD(Fixture, "a create that may have taken effect is in doubt", "[openai]") {
  SECTION("no answer") {
    transport.fail("cut short", true);
  }
  SECTION("500") {
    transport.answer(500);
  }
  SECTION("a success that is no JSON") {
    transport.answer(200, "<html>");
  }
  SECTION("a success that is cut") {
    transport.answer(200, R"({"id":"batch_1)");
  }
  SECTION("a success without an id") {
    transport.answer(200, R"({"object":"batch"})");
  }
  SECTION("a success without a body") {
    transport.answer(204);
  }
  const Error error = failure(create);
  CHECK(error.in_doubt);
  CHECK(error.kind() == ErrorKind::unreachable);
  CHECK(transport.requests.size() == 1);
}

TEST_CASE_METHOD(Fixture, "an upload that may have taken effect is in doubt", "[openai]") {
  transport.answer(200, "{}");
  CHECK(failure([this](Provider provider) { provider.upload(folder / "in", "n", {}); }).in_doubt);
}

TEST_CASE_METHOD(Fixture, "a create that had no effect is repeated or refused", "[openai]") {
  SECTION("not sent, then slowed down, then made") {
    transport.fail("refused", false).answer(429).answer(200, R"({"id":"batch_1"})");
    create(provider());
    CHECK(transport.is_done());
  }
  SECTION("refused") {
    transport.answer(400, R"({"error":{"message":"bad","code":"invalid_value"}})");
    const Error error = failure(create);
    CHECK_FALSE(error.in_doubt);
    CHECK(error.kind() == ErrorKind::provider);
  }
}

TEST_CASE_METHOD(Fixture, "an answer that cannot be understood is asked for again", "[openai]") {
  transport.answer(200, "").answer(200, "{}").answer(200, "<html>").answer(200, R"({"id":"b"})");
  CHECK(provider().retrieve("b").id == "b");

  options.retry.timeout = 0s;
  transport.answer(200, "");
  const Error error = failure(retrieve);
  CHECK(error.kind() == ErrorKind::unreachable);
  CHECK_THAT(error.what(), ContainsSubstring("1 attempt (0.0 s): HTTP 200 with an invalid body"));
}

TEST_CASE_METHOD(Fixture, "ids are escaped in the URL", "[openai]") {
  transport.answer(200, R"({"id":"x"})");
  provider().retrieve("../a+b/c==?d");
  CHECK(transport.requests.at(0).url == "https://h/v1/batches/%2E%2E%2Fa%2Bb%2Fc%3D%3D%3Fd");
}

TEST_CASE_METHOD(Fixture, "a batch that is not there is a refusal", "[openai]") {
  transport.answer(404, R"({"error":{"message":"No batch found with id 'b'."}})");
  const Error error = failure(retrieve);
  CHECK(error.provider->http_status == 404);
  CHECK_THAT(error.what(), ContainsSubstring("cannot retrieve batch \"b\": HTTP 404: No batch"));
}

TEST_CASE_METHOD(Fixture, "cancelling tells how the batch stands", "[openai]") {
  SECTION("it is being cancelled") {
    transport.answer(503).answer(200, R"({"id":"b","status":"cancelling"})");
    CHECK(provider().cancel("b").status == RemoteStatus::cancelling);
    CHECK(transport.requests.at(1).method == "POST");
    CHECK(transport.requests.at(1).url == "https://h/v1/batches/b/cancel");
  }
  SECTION("it had ended") {
    transport.answer(409, R"({"error":{"message":"Cannot cancel"}})")
        .answer(200, R"({"id":"b","status":"completed"})");
    CHECK(provider().cancel("b").status == RemoteStatus::completed);
    CHECK(clock.sleeps.empty());
  }
  SECTION("it is not there") {
    transport.answer(404);
    CHECK(failure([](Provider provider) { provider.cancel("b"); }).provider->http_status == 404);
  }
}

TEST_CASE_METHOD(Fixture, "deleting what is not there is done", "[openai]") {
  transport.answer(404).answer(503).answer(200, R"({"id":"f","deleted":true})").answer(403);
  provider().delete_file("f");
  provider().delete_file("f");
  CHECK(transport.requests.at(0).method == "DELETE");
  CHECK(transport.requests.at(0).url == "https://h/v1/files/f");
  failure([](Provider provider) { provider.delete_file("f"); });
}

TEST_CASE_METHOD(Fixture, "files are found by name on every page, newest first", "[openai]") {
  const auto file = [](const char* id, int created_at, const char* name) {
    return fmt::format(R"({{"id":"{}","created_at":{},"filename":"{}"}})", id, created_at, name);
  };
  transport.answer(200, page({file("f1", 1, "a"), file("f/2", 2, "b")}, true))
      .answer(200, page({file("f3", 3, "a"), "{}", "null"}, false));
  const auto found = provider().find_files("a");
  REQUIRE(found.size() == 2);
  CHECK(found[0].id == "f3");
  CHECK(found[1].id == "f1");
  CHECK(transport.requests.at(0).url == "https://h/v1/files?purpose=batch&order=desc&limit=1000");
  CHECK_THAT(transport.requests.at(1).url, ContainsSubstring("&limit=1000&after=f%2F2"));
}

TEST_CASE_METHOD(Fixture, "batches are found by all of their metadata", "[openai]") {
  transport.answer(
      200,
      page({listed("b1", 9), listed("b2", 8, "other"), R"({"id":"b3","metadata":null})"}, true));
  transport.answer(200, page({listed("b4", 5)}, false));
  CHECK(
      ids(provider().find_batches({{"run", "r"}, {"n", "1"}}, 0))
      == std::vector<std::string>{"b1", "b4"});
  CHECK(transport.requests.at(0).url == "https://h/v1/batches?limit=100");
  CHECK(transport.requests.at(1).url == "https://h/v1/batches?limit=100&after=b3");
  transport.answer(200, page({listed("b1", 9)}, false));
  CHECK(provider().find_batches({{"run", "r"}, {"n", "2"}}, 0).empty());
}

TEST_CASE_METHOD(Fixture, "the search for batches ends behind its time", "[openai]") {
  transport.answer(200, page({listed("b1", 100), listed("b2", 60)}, true));
  transport.answer(200, page({listed("b3", 49), listed("b4", 48)}, true));
  CHECK(ids(provider().find_batches(k_metadata, 50)) == std::vector<std::string>{"b1", "b2"});
  CHECK(transport.requests.size() == 2);
}

TEST_CASE_METHOD(Fixture, "a list that is not newest first is read to its end", "[openai]") {
  transport.answer(200, page({listed("b1", 10), listed("b2", 20)}, true));
  transport.answer(200, page({listed("b3", 60)}, false));
  CHECK(ids(provider().find_batches(k_metadata, 50)) == std::vector<std::string>{"b3"});
}

TEST_CASE_METHOD(Fixture, "a batch that two pages tell is one batch", "[openai]") {
  transport.answer(200, page({listed("b1", 9), listed("b2", 8)}, true));
  transport.answer(200, page({listed("b2", 8), listed("b3", 7)}, false));
  CHECK(ids(provider().find_batches(k_metadata, 0)) == std::vector<std::string>{"b1", "b2", "b3"});
}

TEST_CASE_METHOD(Fixture, "a list without an end is an error, not an absence", "[openai]") {
  const auto find = [](Provider provider) { provider.find_batches({{"run", "x"}}, 0); };
  SECTION("the same page for ever") {
    for (int i = 0; i < 2; ++i)
      transport.answer(200, page({listed("b1", 9)}, true));
    CHECK_THAT(failure(find).what(), ContainsSubstring("repeats itself"));
  }
  SECTION("ever new pages") {
    for (int i = 0; i < 1000; ++i)
      transport.answer(200, page({listed(fmt::format("b{}", i), 9)}, true));
    CHECK_THAT(failure(find).what(), ContainsSubstring("more than 1000 pages"));
  }
}

TEST_CASE_METHOD(Fixture, "a download goes on where it broke off", "[openai]") {
  const fs::path to = folder / "out.part";
  std::ofstream(to) << "from an earlier life";
  const auto add = [](const HttpRequest& request, std::string_view text) {
    const auto mode = request.resume_from > 0 ? std::ios::app : std::ios::trunc;
    std::ofstream(*request.download_to, mode) << text;
    request.on_bytes(text.size());
  };
  std::vector<std::uint64_t> from;
  const auto step = [&](std::string_view text, int status) {
    return [&, text, status](const HttpRequest& request) {
      from.push_back(request.resume_from);
      add(request, text);
      if (status == 0)
        throw TransportError("cut short", true);
      return HttpResponse{status, {}, ""};
    };
  };
  SECTION("the server has ranges") {
    transport.fail("refused", false).then(step("who", 0)).then(step("le", 206));
    provider().download("file/1", to, counter());
    CHECK(from == std::vector<std::uint64_t>{0, 3});
    CHECK(transport.requests.at(0).url == "https://h/v1/files/file%2F1/content");
  }
  SECTION("the server finds the end wrong") {
    transport.then(step("wrong", 0)).answer(416).then(step("whole", 200));
    provider().download("file-1", to, counter());
    CHECK(from == std::vector<std::uint64_t>{0, 0});
  }
  CHECK(read_file(to, 100) == "whole");
  CHECK(bytes == 5);
}

TEST_CASE_METHOD(Fixture, "a download that is refused leaves nothing", "[openai]") {
  const fs::path to = folder / "out.part";
  std::ofstream(to) << "from an earlier life";
  transport.answer(404, R"({"error":{"message":"No such File object: file-1"}})");
  failure([&](Provider provider) { provider.download("file-1", to, {}); });
  CHECK_FALSE(fs::exists(to));
}
