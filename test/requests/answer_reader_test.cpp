#include "requests/answer_reader.hpp"

#include "requests/outcome.hpp"

using namespace embedctl;
using namespace embedctl::test;
using embedctl::requests::AnswerReader;

TEST_CASE("members may come in any order, with others between them", "[requests]") {
  const auto outcome =
      read_one(R"({"error":null,"x":[{"custom_id":"no"}],"response":{"body":{"usage":{},"data":)"
               R"([{"embedding":[1,2],"index":0}]},"extra":{"status_code":500},"status_code":201},)"
               R"("custom_id":"a\"\\\u00e9\ud83d\ude00\n","id":"z"})");
  CHECK(outcome.id == "a\"\\\xc3\xa9\xf0\x9f\x98\x80\n");
  CHECK(outcome.values == std::vector<float>{1, 2});
}

TEST_CASE("a failure carries the provider's code and message", "[requests]") {
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
  CHECK(
      read_one(R"({"custom_id":"a"})").message
      == "the line contains neither a response nor an error");
}

TEST_CASE("a status other than success is a failure, whatever the body is", "[requests]") {
  const std::string body = R"("body":{"data":[{"embedding":[1,2]}]})";
  for (const char* status : {"0", "199", "300", "429", "-200", "\"200\"", "200.5", "null"})
    CHECK_FALSE(read_one(
                    R"({"custom_id":"a","response":{"status_code":)" + std::string(status) + ","
                    + body + "}}")
                    .values);
  CHECK_FALSE(read_one(R"({"custom_id":"a","response":{)" + body + "}}").values);
}

TEST_CASE("lines that belong to no request have no id", "[requests]") {
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

TEST_CASE("a line that stops being JSON halfway is not JSON", "[requests]") {
  // A quote is missing, so that the next member looks like anything but one.
  for (const char* broken :
       {R"({"message":"m","type":"rate_lim,"code":#b","x":{"s":null}}},"error":null})",
        R"({"code":5 5,"type":"t"}}}})", R"({"code" "c","type":"t"}}}})"}) {
    const auto outcome = read_one(
        R"({"custom_id":"a","response":{"status_code":429,"body":{"error":)" + std::string(broken));
    CHECK_FALSE(outcome.id);
  }
}

TEST_CASE("a line that was torn or joined with another has no id", "[requests]") {
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

TEST_CASE("deep nesting is rejected or skipped, without recursion", "[requests]") {
  const std::string open(100'000, '[');
  const std::string close(100'000, ']');
  CHECK_FALSE(read_embedding("[" + open + close + "]").values);
  CHECK_FALSE(read_one(open).id);
  for (const char* member : {"\"custom_id\":", "\"response\":", "\"error\":"})
    CHECK_FALSE(read_one("{" + std::string(member) + open + close + "}").values);
  CHECK_FALSE(read_one("{\"x\":" + open + close + ",\"response\":" + open + "}").values);
}

TEST_CASE("the likely id of a valid line is its id", "[requests]") {
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
      AnswerReader reader(RequestKind::embed, scratch / "output.jsonl");
      REQUIRE(reader.next());
      const auto id = (reader.*which)();
      return id ? std::optional(std::string(*id)) : std::nullopt;
    };
    INFO(line);
    CHECK(ask(&AnswerReader::likely_id) == ask(&AnswerReader::custom_id));
  }
}
