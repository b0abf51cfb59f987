#include "json/value.hpp"

#include "base/error.hpp"

#include "support/catch.hpp"

#include <vector>

using namespace embedctl;
using namespace embedctl::json;

TEST_CASE("absent, null and wrongly typed members are alike", "[json]") {
  const auto root =
      Document::parse(R"({"s":"x","i":7,"b":true,"n":null,"d":1.5,"o":{"s":"y"}})", "it").root();
  CHECK(root.string("s") == "x");
  CHECK(root.integer("i") == 7);
  CHECK(root.boolean("b") == true);
  CHECK(root.find("o")->string("s") == "y");
  CHECK(root.find("d")->as_double() == 1.5);
  CHECK(root.find("i")->as_double() == 7.0);
  for (const char* key : {"absent", "n", "o"}) {
    CHECK_FALSE(root.string(key));
    CHECK_FALSE(root.integer(key));
    CHECK_FALSE(root.boolean(key));
  }
  CHECK_FALSE(root.find("n"));
  CHECK_FALSE(root.integer("d"));
  CHECK_FALSE(root.find("s")->find("anything"));
}

TEST_CASE("integers are exact or none", "[json]") {
  const auto root = Document::parse(
                        R"({"most":9223372036854775807,"least":-9223372036854775808,)"
                        R"("more":9223372036854775808,"real":1.0})",
                        "it")
                        .root();
  CHECK(root.integer("most") == 9223372036854775807LL);
  CHECK(root.integer("least") == -9223372036854775807LL - 1);
  CHECK_FALSE(root.integer("more"));
  CHECK_FALSE(root.integer("real"));
}

TEST_CASE(
    "elements and members are visited in order, and of other values there are none", "[json]") {
  const auto root = Document::parse(R"({"a":[1,null,3],"b":2})", "it").root();
  std::vector<std::string> keys;
  root.for_each_member([&](std::string_view key, const Value&) { keys.emplace_back(key); });
  CHECK(keys == std::vector<std::string>{"a", "b"});
  int visited = 0;
  root.find("a")->for_each([&](const Value&) { ++visited; });
  CHECK(visited == 3);
  root.for_each([&](const Value&) { FAIL("an object has no elements"); });
  root.find("b")->for_each_member(
      [&](std::string_view, const Value&) { FAIL("a number has no members"); });
}

TEST_CASE("a value keeps its document alive", "[json]") {
  auto document = Document::try_parse(R"({"deep":{"list":["kept"]}})");
  std::vector<Value> kept;
  document->root().find("deep")->find("list")->for_each(
      [&](const Value& value) { kept.push_back(value); });
  document.reset();
  CHECK(kept.at(0).as_string() == "kept");
}

TEST_CASE("a value is written down as compact JSON", "[json]") {
  const auto root = Document::parse(" { \"a\" : [ 1 , \"\\u00e9\\n\" , null ] } ", "it").root();
  CHECK(root.dump() == "{\"a\":[1,\"\xc3\xa9\\n\",null]}");
}

TEST_CASE("what is no JSON is refused, however hostile", "[json]") {
  const std::string bomb(2'000'000, '[');
  for (const std::string& bad :
       {std::string(), std::string(" "), std::string("{"), std::string("{}x"), std::string("nul"),
        std::string("{\"a\":1,}"), std::string("[01]"), std::string("[NaN]"),
        std::string("\"\xff\""), std::string("\"\\ud800\""), std::string("[1\0]", 4), bomb,
        bomb + std::string(bomb.size(), ']')})
    CHECK_FALSE(Document::try_parse(bad));
  CHECK_THROWS_WITH(Document::parse("{", "\"batch.json\""), "\"batch.json\" is not valid JSON");
}
