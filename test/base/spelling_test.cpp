#include "base/spelling.hpp"

#include "support/catch.hpp"

using namespace embedctl;

TEST_CASE("the closest word is the one with the fewest typing errors", "[base]") {
  const std::vector<std::string> commands = {"submit", "status", "ingest", "run", "verify"};
  CHECK(closest("sbmit", commands) == "submit");
  CHECK(closest("submti", commands) == "submit");
  CHECK(closest("statsu", commands) == "status");
  CHECK(closest("rn", commands) == "run");
  CHECK(closest("rnu", commands) == "run");
  CHECK(closest("verfiy", commands) == "verify");
  CHECK(closest("stat", commands) == "status");
  CHECK(closest("status", commands) == "status");
}

TEST_CASE("a word that is like no other has no closest one", "[base]") {
  const std::vector<std::string> commands = {"submit", "status", "run"};
  for (const char* word : {"", "x", "delete", "frobnicate", "s", "su"}) {
    INFO(word);
    CHECK_FALSE(closest(word, commands));
  }
  CHECK_FALSE(closest("submit", {}));
  CHECK_FALSE(closest(std::string(1'000'000, 's'), commands));
}

TEST_CASE("a prefix is completed only where one word begins with it", "[base]") {
  const std::vector<std::string> options = {"--max-bytes-per-batch", "--max-requests-per-batch"};
  CHECK(closest("--max-bytes", options) == "--max-bytes-per-batch");
  CHECK_FALSE(closest("--max", options));
}
