#include "sandbox/validation.hpp"

#include "sandbox/data_folder.hpp"
#include "sandbox/disk.hpp"

#include "support/catch.hpp"

#include <fmt/format.h>

using namespace embedctl;
using namespace embedctl::sandbox;

namespace {

constexpr InputLimits k_limits{50'000, 50'000, 209'715'200};

Validation validate(std::string_view content, const InputLimits& limits = k_limits) {
  const DataFolder folder({});
  replace_file(folder.path() / "input", content);
  return validate_input(folder.path() / "input", "/v1/embeddings", limits);
}

std::string line(
    const std::string& custom_id,
    const std::string& model = "text-embedding-3-small",
    const std::string& input = R"("text")") {
  return fmt::format(
      R"({{"custom_id":"{}","method":"POST","url":"/v1/embeddings","body":{{"model":"{}","input":{}}}}})"
      "\n",
      custom_id, model, input);
}

} // namespace

TEST_CASE(
    "a good input file is known by its model, its tokens and its lines' places", "[sandbox]") {
  const auto found = validate(line("a") + line("b", "text-embedding-3-small", R"("eight by")"));
  CHECK(found.errors.empty());
  CHECK(found.model == "text-embedding-3-small");
  CHECK(found.tokens == 3);
  REQUIRE(found.requests.size() == 2);
  CHECK(found.requests[1].offset == line("a").size());
  CHECK(found.requests[1].line == 2);
}

TEST_CASE("each fault of a line has its code, message, parameter and line", "[sandbox]") {
  struct Case {
    std::string second_line;
    std::string code;
    std::string message;
    std::optional<std::string> param;
  };
  const std::vector<Case> cases = {
      {"{\"custom_id\":\n", "invalid_json_line", "This line is not parseable as valid JSON.", {}},
      {"[1]\n", "invalid_json_line", "This line is not parseable as valid JSON.", {}},
      {"\xef\xbb\xbf" + line("b"),
       "invalid_json_line",
       "This line is not parseable as valid JSON.",
       {}},
      {R"({"method":"POST","url":"/v1/embeddings","body":{}})"
       "\n",
       "missing_required_parameter", "Missing required parameter: 'custom_id'.", "custom_id"},
      {R"({"custom_id":"b","url":"/v1/embeddings","body":{}})"
       "\n",
       "missing_required_parameter", "Missing required parameter: 'method'.", "method"},
      {R"({"custom_id":"b","method":"GET","url":"/v1/embeddings","body":{}})"
       "\n",
       "invalid_value", "Invalid value for 'method'. Supported values are: 'POST'.", "method"},
      {R"({"custom_id":"b","method":"POST","body":{}})"
       "\n",
       "missing_required_parameter", "Missing required parameter: 'url'.", "url"},
      {R"({"custom_id":"b","method":"POST","url":"/v1/completions","body":{}})"
       "\n",
       "invalid_url", "The URL provided for this request does not match the batch endpoint.",
       "url"},
      {R"({"custom_id":"b","method":"POST","url":"/v1/embeddings"})"
       "\n",
       "missing_required_parameter", "Missing required parameter: 'body'.", "body"},
      {R"({"custom_id":"b","method":"POST","url":"/v1/embeddings","body":{"input":"x"}})"
       "\n",
       "invalid_request", "Model parameter is required.", "body.model"},
      {R"({"custom_id":"b","method":"POST","url":"/v1/embeddings","body":{"model":"text-embedding-3-small"}})"
       "\n",
       "missing_required_parameter", "Missing required parameter: 'body.input'.", "body.input"},
      {line("a"), "duplicate_custom_id",
       "The custom_id 'a' for this request is a duplicate of another request. The custom_id "
       "parameter must be unique for each request in a batch.",
       "custom_id"},
      {line("b", "text-embedding-3-large"), "mismatched_model",
       "The model 'text-embedding-3-large' for this request does not match the rest of the batch. "
       "Each batch must contain requests for a single model.",
       "body.model"},
      {line("b", "gpt-nothing"), "model_not_found",
       "The provided model 'gpt-nothing' is not supported by the Batch API.", "body.model"},
  };
  for (const Case& expected : cases) {
    INFO(expected.second_line);
    const auto found = validate(line("a") + expected.second_line);
    REQUIRE(found.errors.size() == 1);
    CHECK(found.errors[0].code == expected.code);
    CHECK(found.errors[0].message == expected.message);
    CHECK(found.errors[0].param == expected.param);
    CHECK(found.errors[0].line == 2);
  }
}

TEST_CASE("every bad line is named, up to a hundred", "[sandbox]") {
  std::string content;
  for (int i = 0; i < 150; ++i)
    content += "{\n";
  const auto found = validate(line("a") + content);
  REQUIRE(found.errors.size() == 100);
  CHECK(found.errors[0].line == 2);
  CHECK(found.errors[99].line == 101);
}

TEST_CASE("blank lines count only where a request follows", "[sandbox]") {
  CHECK(validate(line("a") + "\n \n").errors.empty());
  const auto found = validate(line("a") + "\n" + line("b"));
  REQUIRE(found.errors.size() == 1);
  CHECK(found.errors[0].code == "invalid_json_line");
  CHECK(found.errors[0].line == 2);
}

TEST_CASE("a file without requests is empty", "[sandbox]") {
  for (const char* content : {"", "\n", " \n\n"}) {
    const auto found = validate(content);
    REQUIRE(found.errors.size() == 1);
    CHECK(found.errors[0].code == "empty_file");
    CHECK_FALSE(found.errors[0].line);
  }
}

TEST_CASE("a file over a limit is refused by that limit's name", "[sandbox]") {
  const std::string three = line("a") + line("b") + line("c");
  CHECK(validate(three, {3, 3, three.size()}).errors.empty());

  CHECK(validate(three, {2, 9, 9999}).errors.at(0).code == "maximum_requests_exceeded");
  CHECK(validate(three, {9, 2, 9999}).errors.at(0).code == "maximum_embedding_inputs_exceeded");
  CHECK(
      validate(three, {9, 9, three.size() - 1}).errors.at(0).code
      == "maximum_input_file_size_exceeded");
}

TEST_CASE("embedding inputs are counted over arrays, and tokens over token arrays", "[sandbox]") {
  const std::string model = "text-embedding-3-small";
  const auto found = validate(
      line("a", model, R"(["x","y"])") + line("b", model, "[1,2,3]")
          + line("c", model, "[[1],[2,3]]"),
      {9, 4, 9999});
  REQUIRE(found.errors.size() == 1);
  CHECK(found.errors[0].message == "The batch has 5 embedding inputs, more than the maximum of 4.");
  CHECK(found.tokens == 2 + 3 + 3);
}
