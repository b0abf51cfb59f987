#include "base/key_index.hpp"

#include "support/catch.hpp"

#include <map>
#include <random>
#include <string>

using namespace embedctl;

TEST_CASE("a key is new once, and is found by its number", "[base]") {
  KeyIndex keys;
  CHECK_FALSE(keys.find("a"));
  CHECK(keys.add("a"));
  CHECK(keys.add(""));
  CHECK(keys.add("aa"));
  CHECK_FALSE(keys.add("a"));
  CHECK_FALSE(keys.add(""));
  CHECK(keys.size() == 3);
  CHECK(keys.find("") == 1);
  CHECK(keys.find("aa") == 2);
  CHECK_FALSE(keys.find("aaa"));
  CHECK(keys[0] == "a");
  CHECK(keys[1].empty());
  CHECK(keys[2] == "aa");
  keys.clear();
  CHECK(keys.size() == 0);
  CHECK_FALSE(keys.find("a"));
  CHECK(keys.add("a"));
  CHECK_FALSE(keys.add("a"));
}

TEST_CASE("an index of keys knows what a slow one knows", "[base]") {
  std::mt19937 random(20);
  KeyIndex keys;
  for (int round = 0; round < 3; ++round) {
    std::map<std::string, std::size_t> slow;
    for (int i = 0; i < 30'000; ++i) {
      const std::string key = std::to_string(random() % 20'000);
      REQUIRE(keys.add(key) == slow.emplace(key, slow.size()).second);
      const std::string other = std::to_string(random() % 20'000);
      const auto known = slow.find(other);
      const auto found = keys.find(other);
      REQUIRE(found.has_value() == (known != slow.end()));
      if (found)
        REQUIRE(*found == known->second);
    }
    REQUIRE(keys.size() == slow.size());
    for (const auto& [key, number] : slow)
      REQUIRE(keys[number] == key);
    keys.clear();
  }
}
