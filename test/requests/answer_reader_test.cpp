#include "requests/answer_reader.hpp"

#include "base/bytes.hpp"

#include "support/catch.hpp"
#include "support/scratch_folder.hpp"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <random>
#include <vector>

#include <fmt/format.h>

using namespace embedctl;
using namespace embedctl::requests;
using embedctl::test::ScratchFolder;

namespace {

// The outcome of one line, copied out of the reader.
struct Outcome {
  std::optional<std::string> id;
  std::optional<std::vector<float>> values;
  std::string code;
  std::string message;
};

std::vector<Outcome> read(const std::string& content) {
  const ScratchFolder scratch;
  std::ofstream(scratch / "output.jsonl", std::ios::binary) << content;
  AnswerReader reader(scratch / "output.jsonl");
  std::vector<Outcome> outcomes;
  while (reader.next()) {
    Outcome outcome;
    if (const auto id = reader.custom_id()) {
      outcome.id = std::string(*id);
      const auto result = reader.answer();
      if (const auto* failure = std::get_if<Failure>(&result)) {
        outcome.code = failure->code;
        outcome.message = failure->message;
      } else {
        const auto values = std::get<Embedding>(result).values;
        outcome.values.emplace(values.begin(), values.end());
      }
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

Outcome read_one(const std::string& line) {
  const auto outcomes = read(line + "\n");
  REQUIRE(outcomes.size() == 1);
  return outcomes[0];
}

std::string line_with(const std::string& embedding) {
  return R"({"id":"batch_req_1","custom_id":"a","response":{"status_code":200,"request_id":"r",)"
         R"("body":{"object":"list","data":[{"object":"embedding","index":0,"embedding":)"
         + embedding + R"(}],"model":"m","usage":{"prompt_tokens":1}}},"error":null})";
}

Outcome read_embedding(const std::string& embedding) {
  return read_one(line_with(embedding));
}

void check_same_as_strtof(const std::string& text) {
  INFO(text);
  const auto outcome = read_embedding("[" + text + "]");
  const float expected = std::strtof(text.c_str(), nullptr);
  REQUIRE(outcome.values);
  REQUIRE(outcome.values->size() == 1);
  CHECK(
      std::bit_cast<std::uint32_t>(outcome.values->front())
      == std::bit_cast<std::uint32_t>(expected));
}

std::string base64_of(const std::vector<float>& values) {
  return "\"" + to_base64(std::as_bytes(std::span(values))) + "\"";
}

} // namespace

TEST_CASE("a vector is read from an array and from base64 alike", "[requests]") {
  const std::vector<float> values = {0.25F, -1.5F, 3e-5F, 0, -0.0F};
  CHECK(read_embedding("[0.25,-1.5,3e-5,0,-0.0]").values == values);
  CHECK(read_embedding("[ 0.25 ,\t-1.5 , 3E-5, 0.0e0, -0 ]").values == values);
  CHECK(read_embedding(base64_of(values)).values == values);
  CHECK(read_embedding("\"AACAPgAAwL8=\"").values == std::vector{0.25F, -1.5F});
  CHECK(read_embedding("\"AACAPgAAwL8\\u003d\"").values == std::vector{0.25F, -1.5F});
  const auto zeros = *read_embedding("[0,-0.0,-0]").values;
  CHECK(std::signbit(zeros[1]));
  CHECK_FALSE(std::signbit(zeros[0]));
}

TEST_CASE("an empty vector is a vector of no width", "[requests]") {
  CHECK(read_embedding("[]").values == std::vector<float>{});
  CHECK(read_embedding("\"\"").values == std::vector<float>{});
}

TEST_CASE("every number is the float nearest to its text", "[requests]") {
  for (const char* text :
       {"0", "-0", "1", "-1", "123456789", "16777217", "33554431", "0.1", "-0.009327292",
        "0.0023064255", "1e-50", "-1e-50", "1e-400", "1e-45", "7e-46", "7.1e-46", "1.1754942e-38",
        "1.17549435e-38", "1.1754943e-38", "5e-324", "3.4028235e38", "3.40282356e38",
        "3.4028235677973362e38", "123456789012345678901234567890", "0.3333333333333333333333333333",
        "1e0", "1E+5", "0e5", "0.0e-999",
        // Just beside the middle between two floats, and so near it that a double is the middle.
        "1.000000059604644775390625", "1.0000000596046447753906250000000000001",
        "1.0000000596046447753906249999999999999", "1.00000017881393432617187499999999",
        "0.500000029802322387695312500000000001", "8388609.5000000000000000001", "9007199791611905",
        "1.4012984643248170e-45", "2.1019476964872256e-45", "7.0064923216240854e-46",
        "7.0064923216240853e-46"})
    check_same_as_strtof(text);
}

TEST_CASE("random numbers of many digits are read as strtof reads them", "[requests]") {
  std::mt19937 random(7);
  std::vector<std::string> texts;
  for (int i = 0; i < 20'000; ++i) {
    const auto bits = static_cast<std::uint32_t>(random());
    const float low = std::bit_cast<float>(bits & 0x7f7fffffu);
    const float high = std::nextafter(low, std::numeric_limits<float>::max());
    const double middle = (static_cast<double>(low) + static_cast<double>(high)) / 2;
    texts.push_back(fmt::format("{:.{}e}", low, random() % 20));
    texts.push_back(fmt::format("{:.{}e}", middle, 15 + random() % 50));
  }
  std::string array = "[";
  for (const auto& text : texts)
    array += text + ",";
  array.back() = ']';
  const auto outcome = read_embedding(array);
  REQUIRE(outcome.values);
  REQUIRE(outcome.values->size() == texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const float expected = std::strtof(texts[i].c_str(), nullptr);
    if (std::bit_cast<std::uint32_t>((*outcome.values)[i])
        != std::bit_cast<std::uint32_t>(expected))
      FAIL_CHECK(texts[i] << " became " << (*outcome.values)[i]);
  }
}

TEST_CASE("numbers that no vector can hold are refused", "[requests]") {
  for (const char* text : {"1e39", "-1e39", "3.4028236e38", "3.40282356779733661637540e38"}) {
    INFO(text);
    CHECK(read_embedding("[0," + std::string(text) + "]").code == "not_finite");
  }
  for (const char* text :
       {"NaN", "Infinity", "-Infinity", "nan", "null", "true", "\"0.5\"", "[1]", "{}", "01", ".5",
        "1.", "+1", "0x1", "1e", "-", "1e400", "1e99999999999"}) {
    INFO(text);
    CHECK(read_embedding("[0," + std::string(text) + "]").code == "bad_number");
  }
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float bad : {infinity, -infinity, nan})
    CHECK(read_embedding(base64_of({0, bad, 1})).code == "not_finite");
  const float most = std::numeric_limits<float>::max();
  CHECK(read_embedding(base64_of({most, most, -most})).values);
}

TEST_CASE("base64 that is no row of floats is refused", "[requests]") {
  for (const char* bad :
       {"\"AACAPg\"", "\"AACAPgA=\"", "\"AACAPgAA\"", "\"AACA PgA=\"", "\"%\"", "\"AACAPgAAwL8==\"",
        "\"AACAPgAAwL9=\""})
    CHECK(read_embedding(bad).code == "bad_base64");
}

TEST_CASE("an answer without one embedding says what is wrong", "[requests]") {
  const auto with_body = [](const std::string& body) {
    return read_one(R"({"custom_id":"a","response":{"status_code":200,"body":)" + body + "}}").code;
  };
  CHECK(with_body("null") == "no_embedding");
  CHECK(with_body("[]") == "no_embedding");
  CHECK(with_body("{}") == "no_embedding");
  CHECK(with_body(R"({"data":null})") == "no_embedding");
  CHECK(with_body(R"({"data":[]})") == "no_embedding");
  CHECK(with_body(R"({"data":[1]})") == "no_embedding");
  CHECK(with_body(R"({"data":[{}]})") == "no_embedding");
  CHECK(with_body(R"({"data":[{"embedding":null}]})") == "no_embedding");
  CHECK(with_body(R"({"data":[{"embedding":5}]})") == "no_embedding");
  CHECK(with_body(R"({"data":[{"embedding":[1]},{"embedding":[1]}]})") == "too_many_embeddings");
}

TEST_CASE("members may come in any order and with company", "[requests]") {
  const auto outcome =
      read_one(R"({"error":null,"x":[{"custom_id":"no"}],"response":{"body":{"usage":{},"data":)"
               R"([{"embedding":[1,2],"index":0}]},"extra":{"status_code":500},"status_code":201},)"
               R"("custom_id":"a\"\\\u00e9\ud83d\ude00\n","id":"z"})");
  CHECK(outcome.id == "a\"\\\xc3\xa9\xf0\x9f\x98\x80\n");
  CHECK(outcome.values == std::vector<float>{1, 2});
}

TEST_CASE("a failed row carries the provider's code and reason", "[requests]") {
  auto outcome = read_one(
      R"({"custom_id":"a","response":{"status_code":400,"body":{"error":{"message":"too long",)"
      R"("type":"invalid_request_error","code":"context_length_exceeded"}}},"error":null})");
  CHECK(outcome.code == "context_length_exceeded");
  CHECK(outcome.message == "too long");

  outcome = read_one(
      R"({"custom_id":"a","response":null,"error":{"code":"batch_expired","message":"late"}})");
  CHECK(outcome.code == "batch_expired");

  outcome = read_one(
      R"({"custom_id":"a","response":{"status_code":500,"body":{"error":{"type":"server_error",)"
      R"("code":null,"message":null}}}})");
  CHECK(outcome.code == "server_error");

  outcome = read_one(R"({"custom_id":"a","error":{"code":"\u001b[2J","message":"\u001b"}})");
  CHECK(outcome.code == "\\x1b[2J");
  CHECK(outcome.message == "\\x1b");

  CHECK(
      read_one(R"({"custom_id":"a","response":{"status_code":503,"body":{}}})").code == "http_503");
  CHECK(read_one(R"({"custom_id":"a","response":{"status_code":503}})").code == "http_503");
  CHECK(read_one(R"({"custom_id":"a","response":{}})").code == "no_status");
  CHECK(read_one(R"({"custom_id":"a","response":null,"error":null})").code == "no_result");
  CHECK(read_one(R"({"custom_id":"a"})").code == "no_result");
}

TEST_CASE("a status that is no success is a failure whatever the body looks like", "[requests]") {
  const std::string body = R"("body":{"data":[{"embedding":[1,2]}]})";
  for (const char* status : {"0", "199", "300", "429", "-200", "\"200\"", "200.5", "null"})
    CHECK_FALSE(read_one(
                    R"({"custom_id":"a","response":{"status_code":)" + std::string(status) + ","
                    + body + "}}")
                    .values);
  CHECK_FALSE(read_one(R"({"custom_id":"a","response":{)" + body + "}}").values);
}

TEST_CASE("lines that no row can be given have no id", "[requests]") {
  const std::string good = line_with("[1]");
  const auto outcomes = read(
      "no json\n\n \t\r\n[]\n5\n{}\n{\"custom_id\":5}\n{\"custom_id\":null}\n"
      "{\"custom_id\":\"\\ud800\"}\n{\"custom_id\":\"\xff\"}\n{\"custom_id\":\"a\n"
      + std::string(5 << 20, 'x') + "\n" + good + "\n");
  REQUIRE(outcomes.size() == 11);
  for (std::size_t i = 0; i + 1 < outcomes.size(); ++i)
    CHECK_FALSE(outcomes[i].id);
  CHECK(outcomes.back().id == "a");
  CHECK(outcomes.back().values);
}

TEST_CASE("a cut line gives no vector, wherever it is cut", "[requests]") {
  const std::string whole = line_with("[0.125,0.25,0.5]");
  for (std::size_t length = 1; length < whole.size(); ++length)
    for (const auto& outcome : read(whole.substr(0, length)))
      if (outcome.values)
        FAIL(whole.substr(0, length));
  const auto outcomes = read(whole);
  REQUIRE(outcomes.size() == 1);
  CHECK(outcomes[0].values);
}

TEST_CASE("a line that breaks off being JSON is none", "[requests]") {
  // A quote is missing, so that the next member looks like anything but one.
  for (const char* broken :
       {R"({"message":"m","type":"rate_lim,"code":#b","x":{"s":null}}},"error":null})",
        R"({"code":5 5,"type":"t"}}}})", R"({"code" "c","type":"t"}}}})"}) {
    const auto outcome = read_one(
        R"({"custom_id":"a","response":{"status_code":429,"body":{"error":)" + std::string(broken));
    CHECK_FALSE(outcome.id);
  }
}

TEST_CASE("a line that was torn or run together is no result of anyone's", "[requests]") {
  const std::string head = R"({"custom_id":"a","response":{"status_code":200,"body":{"data":[)";
  for (const char* vector : {"[0.5,0.25]", "\"AAAAPwAAgD4=\""}) {
    const std::string item = R"({"embedding":)" + std::string(vector) + "}";
    REQUIRE(read_one(head + item + "]}}}").values);
    for (
        const std::string& line :
        {head + item + "]}}}" + head + item + "]}}}", // a newline was lost
         R"({"custom_id":"a","error":null,"id":"b","response":{"status_code":200,"body":{"model":},)"
         R"("data":[)"
             + item + "]}}}",
         head + item + "[5]]}}}", head + item + " 5]}}}", head + item + ",]}}}",
         head + item + "]},\"error\":nxll}}", head + item + "]}}}}", head + item + "]}}} {\"x\":1}",
         "{\"a\":\"\\q\"," + head.substr(1) + item + "]}}}", head + item + "]}}",
         head + item + "]"}) {
      INFO(line);
      const auto outcome = read_one(line);
      CHECK_FALSE(outcome.id);
      CHECK_FALSE(outcome.values);
    }
  }
  // No mistake, if more than anyone needs.
  CHECK(read_one(
            "{\"n\":123456789012345678901234567890,\"m\":1e999," + head.substr(1)
            + "{\"embedding\":[0.5]}]}}}")
            .values);
}

TEST_CASE("a cut vector is no vector", "[requests]") {
  for (const char* cut :
       {"[0.125,0.25,0.", "[0.125,0.2", "[0.125,", "[0.125", "[", "\"AACAPgAAwL8="}) {
    const auto outcomes = read(
        R"({"custom_id":"a","response":{"status_code":200,"body":{"data":[{"embedding":)"
        + std::string(cut));
    REQUIRE(outcomes.size() == 1);
    CHECK_FALSE(outcomes[0].values);
  }
}

TEST_CASE("only the numbers of the embedding itself are taken for it", "[requests]") {
  const auto line = [](const std::string& before, const std::string& item) {
    return R"({"custom_id":"a",)" + before + R"("response":{"status_code":200,"body":{"data":[)"
           + item + R"(],"usage":{"embedding":[4,4]}}}})";
  };
  const std::string item = R"({"object":"embedding","index":0,"embedding":[0.5,0.25]})";
  const std::vector values = {0.5F, 0.25F};
  CHECK(read_one(line("", item)).values == values);
  for (const char* before :
       {R"("embedding":[1,2,3],)", R"("embedding":{"embedding":[1,2,3]},)", R"("embedding":[],)",
        R"("x":["embedding",[1,2,3]],)", R"("x":"\"embedding\":[1,2,3]",)",
        R"("x":{"embedding" : [1,2,3]},)", R"("embedding":[1,[2]],)",
        R"("embedding":"[1,2,3]",)"}) {
    INFO(before);
    const auto outcome = read_one(line(before, item));
    CHECK(outcome.id == "a");
    CHECK(outcome.values == values);
  }
  CHECK(read_one(line("", R"({"embedding" : [ 0.5 , 0.25 ] })")).values == values);
  CHECK(
      read_one(line("", R"({"index":0,"x":{"embedding":[1,2]},"embedding":[0.5,0.25]})")).values
      == values);
  CHECK(read_one(line("", item + "," + item)).code == "too_many_embeddings");
  CHECK(read_one(line("", R"({"x":1})")).code == "no_embedding");
  CHECK(read_one(line("", R"({"x":{"embedding":[1,2]}})")).code == "no_embedding");
  CHECK(read_one(line("", R"({"embedding":7},{"embedding":[1,2]})")).code == "no_embedding");
  CHECK(read_one(line("", R"({"embedding":[1e39]})")).code == "not_finite");
  // Numbers that are read the slow way, the first ones behind a decoy.
  CHECK(
      read_one(line(R"("embedding":[1],)", R"({"embedding":[0.50000000000000000000,0.25]})")).values
      == values);
  CHECK(read_one(line("", R"({"embedding":[0.50000000000000000000,0.25e000]})")).values == values);
  // The control character stands in a string, which cutting the numbers out makes a sound one.
  const auto damaged = read_one(line("\"x\":{\"y\"embedding\":[1,\t2]\"},", item));
  CHECK_FALSE(damaged.id);
  CHECK_FALSE(damaged.values);
}

TEST_CASE("deep nesting is refused or passed over, and never followed down", "[requests]") {
  const std::string open(100'000, '[');
  const std::string close(100'000, ']');
  CHECK_FALSE(read_embedding("[" + open + close + "]").values);
  CHECK_FALSE(read_one(open).id);
  for (const char* member : {"\"custom_id\":", "\"response\":", "\"error\":"})
    CHECK_FALSE(read_one("{" + std::string(member) + open + close + "}").values);
  CHECK_FALSE(read_one("{\"x\":" + open + close + ",\"response\":" + open + "}").values);
}

TEST_CASE("the likely id of a sound line is its id", "[requests]") {
  const std::vector<std::string> lines = {
      R"({"id":"batch_req_1","custom_id":"row-1","response":{"body":{}},"error":null})",
      R"({ "id" : "x" , "custom_id" : "row 2" , "response" : null })",
      R"({"custom_id":"first","custom_id":"second"})",
      R"({"response":{"custom_id":"inner"},"custom_id":"outer"})",
      R"({"list":["custom_id","a"],"custom_id":"after a list"})",
      R"({"n":1.5e3,"b":true,"z":null,"custom_id":"after scalars"})",
      R"({"custom_id":"with \"escapes\" \u00e9"})",
      R"({"\u0063ustom_id":"an escaped name","custom_id":"plain"})",
      R"({"text":"\\","custom_id":"after a backslash"})",
      R"({"custom_id":""})",
      R"({"custom_id":5})",
      R"({"custom_id":null,"id":"x"})",
      R"({"custom_id":["a"]})",
      R"({"id":"custom_id","response":{}})",
      R"({})",
  };
  for (const std::string& line : lines) {
    const ScratchFolder scratch;
    std::ofstream(scratch / "output.jsonl", std::ios::binary) << line << "\n";
    const auto ask = [&](auto which) {
      AnswerReader reader(scratch / "output.jsonl");
      REQUIRE(reader.next());
      const auto id = (reader.*which)();
      return id ? std::optional(std::string(*id)) : std::nullopt;
    };
    INFO(line);
    CHECK(ask(&AnswerReader::likely_id) == ask(&AnswerReader::custom_id));
  }
}
