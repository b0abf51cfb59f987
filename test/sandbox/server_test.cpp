#include "sandbox/harness.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "sandbox/data_folder.hpp"

#include "support/catch.hpp"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

using namespace embedctl;
using namespace embedctl::sandbox;

TEST_CASE("batches run by themselves when the clock runs", "[sandbox]") {
  Options options;
  options.validating_seconds = options.in_progress_seconds = options.finalizing_seconds = 0.01;
  Server server(options);
  server.start();
  httplib::Client client("127.0.0.1", server.port());
  client.set_default_headers({{"Authorization", "Bearer x"}});
  const auto created = client.Post(
      "/v1/batches",
      R"({"input_file_id":"file-x","endpoint":"/v1/embeddings","completion_window":"24h"})",
      "application/json");
  const auto path = "/v1/batches/" + Harness::id_in(created);
  std::string status;
  for (int i = 0; i < 500 && status != "failed"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    status = Harness::document(client.Get(path)).root().string("status").value();
  }
  CHECK(status == "failed");
}

TEST_CASE("a server stops at once, whoever is connected", "[sandbox]") {
  Harness harness;
  CHECK(harness.client().Get("/v1/models")->status == 200);
  const auto start = std::chrono::steady_clock::now();
  harness.server().stop();
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
  CHECK_FALSE(harness.client().Get("/v1/models"));
}

TEST_CASE("two servers do not share a port", "[sandbox]") {
  Harness harness;
  Options options;
  options.port = harness.server().port();
  Server second(options);
  CHECK_THROWS_WITH(second.start(), ContainsSubstring("cannot listen on 127.0.0.1:"));
}

TEST_CASE("many clients are served at once", "[sandbox]") {
  Harness harness;
  std::vector<std::thread> clients;
  std::atomic<int> served{0};
  for (int i = 0; i < 16; ++i)
    clients.emplace_back([&] {
      httplib::Client client("127.0.0.1", harness.server().port());
      client.set_default_headers({{"Authorization", "Bearer x"}});
      client.set_keep_alive(true);
      for (int call = 0; call < 20; ++call)
        if (const auto answer = client.Get("/v1/models"); answer && answer->status == 200)
          ++served;
    });
  for (auto& client : clients)
    client.join();
  CHECK(served == 16 * 20);
}

TEST_CASE("options that make no sense are refused before anything listens", "[sandbox]") {
  Options options;
  options.in_progress_seconds = -1;
  CHECK_THROWS_AS(Server(options), Error);
  options = {};
  options.port = 70'000;
  CHECK_THROWS_AS(Server(options), Error);
  const DataFolder folder({});
  options = {};
  options.fault_plan = folder.path() / "plan.json";
  write_file_atomically(options.fault_plan, "[{}]");
  CHECK_THROWS_WITH(Server(options), ContainsSubstring("the fault plan is not valid"));
  options = {};
  options.api_key_file = folder.path() / "key";
  write_file_atomically(options.api_key_file, "\n");
  CHECK_THROWS_WITH(Server(options), ContainsSubstring("contains no key"));
}

TEST_CASE("the key comes from a file, and the faults from another", "[sandbox]") {
  const DataFolder folder({});
  Options options;
  options.api_key_file = folder.path() / "key";
  options.fault_plan = folder.path() / "plan.json";
  write_file_atomically(options.api_key_file, "of-the-file\n");
  write_file_atomically(
      options.fault_plan, R"([{"endpoint":"GET /v1/models","call":2,"action":"status"}])");
  Harness harness(options);
  CHECK(harness.client().Get("/v1/files")->status == 401);
  harness.client().set_default_headers({{"Authorization", "Bearer of-the-file"}});
  CHECK(harness.client().Get("/v1/models")->status == 200);
  CHECK(harness.client().Get("/v1/models")->status == 500);
}
