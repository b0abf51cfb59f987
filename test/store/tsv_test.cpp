#include "store/tsv.hpp"

#include "support/catch.hpp"

using namespace embedctl::store;

TEST_CASE("a line of fields is a record whatever is in them", "[store]") {
  CHECK(tsv_line({"a", "b"}) == "a\tb\n");
  CHECK(tsv_line({"t\tn\nr\rb\\", "x"}) == "t\\tn\\nr\\rb\\\\\tx\n");
  CHECK(tsv_fields("a\\tb\tc") == std::vector<std::string>{"a\tb", "c"});
}

TEST_CASE("fields survive a round trip, empty ones too", "[store]") {
  const std::vector<std::vector<std::string>> records = {
      {"", ""},      {"", "b"},        {"a", "", ""},
      {"", "", "c"}, {"\\t", "\\\\n"}, {std::string("\0", 1), "\x1b"}};
  for (const auto& fields : records) {
    const std::string line = fields.size() == 2 ? tsv_line({fields[0], fields[1]})
                                                : tsv_line({fields[0], fields[1], fields[2]});
    CHECK(line.find('\n') == line.size() - 1);
    CHECK(tsv_fields(line.substr(0, line.size() - 1)) == fields);
  }
}

TEST_CASE("escapes that nobody wrote are read as they stand", "[store]") {
  CHECK(tsv_fields("a\\") == std::vector<std::string>{"a\\"});
  CHECK(tsv_fields("a\\x") == std::vector<std::string>{"ax"});
  CHECK(tsv_fields("") == std::vector<std::string>{""});
}
