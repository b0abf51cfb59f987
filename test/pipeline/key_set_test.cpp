#include "pipeline/key_set.hpp"

#include <random>
#include <set>
#include <string>

#include "support/catch.hpp"

using namespace embedctl::pipeline;

TEST_CASE("a key is new once", "[pipeline]") {
  KeySet keys;
  CHECK(keys.add("a"));
  CHECK(keys.add(""));
  CHECK(keys.add("aa"));
  CHECK_FALSE(keys.add("a"));
  CHECK_FALSE(keys.add(""));
  keys.clear();
  CHECK(keys.add("a"));
  CHECK_FALSE(keys.add("a"));
}

TEST_CASE("a set of keys knows what a slow one knows", "[pipeline]") {
  std::mt19937 random(20);
  KeySet keys;
  for (int round = 0; round < 3; ++round) {
    std::set<std::string> slow;
    for (int i = 0; i < 30'000; ++i) {
      const std::string key = std::to_string(random() % 20'000);
      REQUIRE(keys.add(key) == slow.insert(key).second);
    }
    keys.clear();
  }
}
