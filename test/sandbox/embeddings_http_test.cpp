#include "sandbox/harness.hpp"

#include "sandbox/vectors.hpp"

#include "support/catch.hpp"

using namespace embedctl;
using namespace embedctl::sandbox;

namespace {

std::string body(const std::string& input, const std::string& more = "") {
  return R"({"model":"text-embedding-3-small","input":)" + input + more + "}";
}

std::string vector_json(const std::string& text, int dims, Encoding encoding = Encoding::floats) {
  std::string out;
  append_vector(out, embed(text, dims), encoding);
  return out;
}

} // namespace

TEST_CASE("texts are embedded at once, one or many, in either encoding", "[sandbox]") {
  Harness harness;
  const auto one = harness.post("/v1/embeddings", body(R"("a pump")", R"(,"dimensions":3)"));
  CHECK(
      one->body
      == R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":)"
             + vector_json("a pump", 3)
             + R"(}],"model":"text-embedding-3-small","usage":{"prompt_tokens":2,"total_tokens":2}})");
  const auto two = harness.post(
      "/v1/embeddings",
      body(R"(["x","y"])", R"(,"dimensions":3,"encoding_format":"base64","user":"u")"));
  CHECK_THAT(
      two->body,
      ContainsSubstring(R"("index":0,"embedding":)" + vector_json("x", 3, Encoding::base64))
          && ContainsSubstring(
              R"("index":1,"embedding":)" + vector_json("y", 3, Encoding::base64)));
}

TEST_CASE("a model without dimensions has its own width", "[sandbox]") {
  Harness harness;
  const std::pair<const char*, int> widths[] = {
      {"text-embedding-3-small", 1536},
      {"text-embedding-3-large", 3072},
      {"text-embedding-ada-002", 1536}};
  for (const auto& [model, dims] : widths) {
    const auto answer =
        harness.post("/v1/embeddings", std::string(R"({"input":"x","model":")") + model + "\"}");
    CHECK_THAT(answer->body, ContainsSubstring(vector_json("x", dims)));
  }
}

TEST_CASE("token arrays are taken as inputs", "[sandbox]") {
  Harness harness;
  const auto one = harness.post("/v1/embeddings", body("[1,2,3]"));
  CHECK_THAT(one->body, ContainsSubstring(R"("total_tokens":3)"));
  const auto two = harness.post("/v1/embeddings", body("[[1,2],[3]]"));
  CHECK_THAT(
      two->body, ContainsSubstring(R"("index":1)") && ContainsSubstring(R"("total_tokens":3)"));
}

TEST_CASE("a request past a limit of the endpoint is refused", "[sandbox]") {
  Harness harness;
  const auto error = [&](const std::string& json) {
    return Harness::error_in(harness.post("/v1/embeddings", json));
  };
  const auto message = [&](const std::string& json) {
    return harness.post("/v1/embeddings", json)->body;
  };
  const auto many = [](std::size_t count, const std::string& text) {
    std::string out = "[\"" + text + '"';
    for (std::size_t i = 1; i < count; ++i)
      out += ",\"" + text + '"';
    return out + ']';
  };
  CHECK(error("") == "400 - -");
  CHECK(error("[]") == "400 - -");
  CHECK(error(R"({"input":"x"})") == "400 - -");
  CHECK(error(R"({"input":"x","model":"nothing"})") == "404 model_not_found -");
  CHECK(error(R"({"model":"text-embedding-3-small"})") == "400 missing_required_parameter input");
  CHECK(error(body(R"("x")", R"(,"dimensions":0)")) == "400 invalid_value dimensions");
  CHECK(error(body(R"("x")", R"(,"dimensions":1537)")) == "400 invalid_value dimensions");
  CHECK(error(body(R"("x")", R"(,"dimensions":"8")")) == "400 invalid_type dimensions");
  CHECK(
      error(body(R"("x")", R"(,"encoding_format":"hex")")) == "400 invalid_value encoding_format");
  CHECK(
      error(R"({"input":"x","model":"text-embedding-ada-002","dimensions":8})")
      == "400 - dimensions");
  CHECK_THAT(
      message(body(R"("x")", R"(,"temperature":0)")),
      ContainsSubstring("Unrecognized request argument supplied: temperature"));
  for (const char* input : {R"("")", R"(["x",""])", "[]", "[[]]", "{}", "7", "[1,\"x\"]"})
    CHECK_THAT(message(body(input)), ContainsSubstring("'$.input' is invalid"));
  CHECK(error(body(many(2049, "x"))) == "400 array_above_max_length input");
  CHECK(harness.post("/v1/embeddings", body(many(2048, "x"), R"(,"dimensions":1)"))->status == 200);
  CHECK_THAT(
      message(body(R"(["x",")" + std::string(8192 * 4 + 1, 'x') + R"("])")),
      ContainsSubstring("Invalid 'input[1]': maximum input length is 8192 tokens."));
  CHECK(error(body(many(40, std::string(8000 * 4, 'x')))) == "400 max_tokens_per_request -");
}

TEST_CASE("a text fails at once as it asks to", "[sandbox]") {
  Harness harness;
  CHECK(
      Harness::error_in(harness.post("/v1/embeddings", body(R"("a [[fail:503]] b")")))
      == "503 503 -");
  CHECK(
      Harness::error_in(harness.post("/v1/embeddings", body(R"("[[fail:odd]]")"))) == "500 odd -");
}

TEST_CASE("models are listed and found", "[sandbox]") {
  Harness harness;
  CHECK_THAT(
      harness.client().Get("/v1/models")->body,
      ContainsSubstring(R"("id":"text-embedding-3-small","object":"model")"));
  CHECK(
      Harness::id_in(harness.client().Get("/v1/models/text-embedding-3-large"))
      == "text-embedding-3-large");
  CHECK(
      Harness::error_in(harness.client().Get("/v1/models/nothing")) == "404 model_not_found model");
}
