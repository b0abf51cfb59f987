#include "openai/error_cutter.hpp"

#include "openai/parse.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

using namespace embedctl;
using namespace embedctl::openai;

namespace {

std::string cut(const std::string& text, std::size_t keep, std::size_t piece = 1) {
  ErrorCutter cutter(keep);
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += piece)
    out += cutter.take(std::string_view(text).substr(at, piece));
  return out;
}

} // namespace

TEST_CASE("of many errors the first stay, with the number of all", "[openai]") {
  CHECK(
      cut(R"({"errors":{"data":[{"a":1}, {"a":[2,3]},{"a":"]"},4]},"x":[1,2,3]})", 2)
      == R"({"errors":{"data":[{"a":1}, {"a":[2,3]}],"embedctl_error_count":4},"x":[1,2,3]})");
  CHECK(
      cut(R"({"errors": ["a","\"]","c"], "x": 1})", 2)
      == R"({"errors": ["a","\"]"],"embedctl_error_count":3, "x": 1})");
  CHECK(
      cut(R"({"data":[{"errors":{"data":[1,2]}},{"errors":{"value":[1,2,3]}},7,8],"n":1})", 1)
      == R"({"data":[{"errors":{"data":[1],"embedctl_error_count":2}},{"errors":{"value":[1],"embedctl_error_count":3}},7,8],"n":1})");
}

TEST_CASE("what is short or not ours stays as it is", "[openai]") {
  for (const char* text :
       {R"({"errors":{"object":"list","data":[{"line":1},{"line":2}]},"status":"failed"})",
        R"({"errors":null,"data":[1,2,3,4,5,6]})", R"({"errors":[],"x":[[],[],[]]})",
        R"({"x":"\"errors\":[1,2,3,4]"})", R"(["errors",[1,2,3,4]])", R"({"errors":"a","b":[1,2,3]})",
        "<html>[1,2,3]]]}}", "", R"({"errors":{"more":{"data":[1,2,3]}}})"})
    for (const std::size_t piece : {1, 3, 1000})
      CHECK(cut(text, 2, piece) == text);
}

TEST_CASE("the number of errors is read, and an uncut list is counted", "[openai]") {
  const auto count = [](const std::string& errors) {
    const auto document = json::Document::parse(R"({"id":"b","errors":)" + errors + "}", "it");
    return parse_batch(document.root())->error_count;
  };
  CHECK(count(R"({"data":[{"code":"a"}],"embedctl_error_count":7})") == 7);
  CHECK(count(R"([{"code":"a"}],"embedctl_error_count":8)") == 8);
  CHECK(count(R"({"data":[{"code":"a"},{"code":"b"}]})") == 2);
  CHECK(count("null") == 0);
}
