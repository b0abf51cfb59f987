#include "e2e/world.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

namespace embedctl::e2e {

// World::run itself checks all that is printed.
TEST_CASE("key and password reach no file and no output", "[e2e]") {
  const World world({"--frozen-clock", "--fail-every", "3"});
  world.add_chunks(1, 1, 6);
  world.run({"submit", "--family-id", family(1), "--dry-run", "-v"});
  const std::string run_dir = world.submit(1, {"-v"});
  world.run({"status", "--run-dir", run_dir, "-v", "--update-json"});
  world.let_pass();
  world.run({"ingest", "--run-dir", run_dir, "-v"});

  // A provider that quotes the key, and one that sends it back in a redirect.
  for (const char* fault :
       {R"({{"endpoint": "*", "action": "status", "status": 401, "body": {{"error": {{"message":
            "Incorrect API key provided: {0}.", "code": "invalid_api_key"}}}}}})",
        R"({{"endpoint": "*", "action": "status", "status": 400, "body": {{"error": {{"message":
            "{0}", "type": "{0}", "code": "{0}"}}}}}})",
        R"({{"endpoint": "*", "action": "status", "status": 403, "body": "{0}"}})",
        R"({{"endpoint": "*", "action": "status", "status": 302, "body": "{0}",
            "headers": {{"Location": "http://127.0.0.1:1/{0}"}}}})"}) {
    world.sandbox().plan(fmt::format(fmt::runtime(fault), k_key));
    CHECK(world.run({"submit", "--family-id", family(1), "-v"}).exit_code == 1);
    CHECK(world.run({"submit", "--family-id", family(1), "--json"}).exit_code != 5);
  }
  const std::string password(k_password);
  for (const std::string& url :
       {"postgresql://me:" + password + "@127.0.0.1:1/none",
        "postgresql://me:" + password + "/x@127.0.0.1:1/none",
        "postgresql://me:x@" + password + "@127.0.0.1:1/none",
        "host=127.0.0.1 port=1 password=" + password + " passwrd=x",
        "host=127.0.0.1 port=1 password='" + password, password,
        "postgresql://me:" + password + "@[::1"}) {
    const Outcome outcome =
        world.run({"submit", "--family-id", family(1), "-v"}, {{"DATABASE_URL", url}});
    CHECK(outcome.exit_code != 0);
  }
  world.run(
      {"submit", "--family-id", family(1)},
      {{"OPENAI_BASE_URL", fmt::format("https://me:{}@127.0.0.1:1/v1", k_key)}});
  world.run({"submit", "--family-id", family(1)}, {{"OPENAI_API_KEY", fmt::format("{} x", k_key)}});

  for (const auto& [name, content] : files_below(world.folder())) {
    INFO(name);
    CHECK(content.find(k_key) == std::string::npos);
    CHECK(content.find(k_password) == std::string::npos);
  }
}

TEST_CASE("row texts and vectors reach no log", "[e2e]") {
  const World world({"--frozen-clock", "--fail-every", "2"});
  world.add_chunk(1, 1, "canary of a text");
  world.add_chunk(1, 2, "canary of a text, the second");
  world.add_chunk(1, 3, "[[fail:429]] canary of a text, the third");
  const Outcome submit = world.run({"submit", "--family-id", family(1), "-v"});
  world.let_pass();
  const Outcome ingest = world.run({"ingest", "--run-dir", only_run(world, 1), "-v"});
  CHECK(ingest.exit_code == 3);
  for (const std::string& text : {submit.out, submit.err, ingest.out, ingest.err})
    CHECK(text.find("canary of a text") == std::string::npos);
}

} // namespace embedctl::e2e
