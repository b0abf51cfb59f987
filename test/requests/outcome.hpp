#pragma once

#include "requests/answer_reader.hpp"

#include "support/catch.hpp"
#include "support/scratch_folder.hpp"

#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace embedctl::test {

// What was read from one line, copied out of the reader.
struct Outcome {
  std::optional<std::string> id;
  std::optional<std::vector<float>> values;
  std::string code;
  std::string message;
};

inline std::vector<Outcome> read(const std::string& content) {
  using namespace embedctl::requests;
  const ScratchFolder scratch;
  std::ofstream(scratch / "output.jsonl", std::ios::binary) << content;
  AnswerReader reader(RequestKind::embed, scratch / "output.jsonl");
  std::vector<Outcome> outcomes;
  while (reader.next()) {
    Outcome outcome;
    if (const auto id = reader.custom_id()) {
      outcome.id = std::string(*id);
      const Answer answer = reader.answer();
      if (const auto* failure = std::get_if<Failure>(&answer)) {
        outcome.code = failure->code;
        outcome.message = failure->message;
      } else {
        const auto values = std::get<Embedding>(answer).values;
        outcome.values.emplace(values.begin(), values.end());
      }
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

inline Outcome read_one(const std::string& line) {
  const auto outcomes = read(line + "\n");
  REQUIRE(outcomes.size() == 1);
  return outcomes[0];
}

inline std::string line_with(const std::string& embedding) {
  return R"({"id":"batch_req_1","custom_id":"a","response":{"status_code":200,"request_id":"r",)"
         R"("body":{"object":"list","data":[{"object":"embedding","index":0,"embedding":)"
         + embedding + R"(}],"model":"m","usage":{"prompt_tokens":1}}},"error":null})";
}

inline Outcome read_embedding(const std::string& embedding) {
  return read_one(line_with(embedding));
}

} // namespace embedctl::test
