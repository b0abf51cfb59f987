#include "openai/error_reply.hpp"

#include "support/catch.hpp"

using namespace embedctl;
using namespace embedctl::openai;

namespace {

const Secret k_key("canary-key");

std::string text_of(int status, const std::string& body) {
  const Error error = error_of_reply("create a batch", {status, {}, body}, k_key);
  CHECK(error.kind() == ErrorKind::provider);
  return error.what();
}

} // namespace

TEST_CASE("a refusal is read in every shape in use", "[openai]") {
  CHECK(
      text_of(400, R"({"error":{"message":"bad endpoint","type":"invalid_request_error",
                       "param":"endpoint","code":"invalid_value"}})")
      == "cannot create a batch: HTTP 400, invalid_value: bad endpoint");
  CHECK(
      text_of(409, R"({"error":{"message":"too late","type":"invalid_request_error",
                       "param":null,"code":null}})")
      == "cannot create a batch: HTTP 409, invalid_request_error: too late");
  CHECK(text_of(400, R"({"error":"just text"})") == "cannot create a batch: HTTP 400: just text");
  CHECK(
      text_of(422, R"({"message":"too many","code":422,"type":"validation"})")
      == "cannot create a batch: HTTP 422, 422: too many");
  CHECK(text_of(422, R"({"detail":"no such"})") == "cannot create a batch: HTTP 422: no such");
  CHECK(
      text_of(422, R"({"detail":[{"msg":"field required"}]})")
      == R"(cannot create a batch: HTTP 422: [{"msg":"field required"}])");
  CHECK(
      text_of(400, R"({"object":"error","message":"long","code":400})")
      == "cannot create a batch: HTTP 400, 400: long");
  CHECK(text_of(404, "<html><h1>nginx</h1></html>") == "cannot create a batch: HTTP 404");
  CHECK(text_of(404, "") == "cannot create a batch: HTTP 404");
  CHECK(text_of(400, "no route\n") == "cannot create a batch: HTTP 400: no route\\x0a");
  CHECK(text_of(400, R"({"error":null})") == "cannot create a batch: HTTP 400");
  CHECK(text_of(400, "[1,2]") == "cannot create a batch: HTTP 400");
}

TEST_CASE("a refusal keeps what support asks for", "[openai]") {
  const Error error = error_of_reply(
      "x", {400, {{"x-request-id", "req_1"}}, R"({"error":{"code":"invalid_value"}})"}, k_key);
  REQUIRE(error.provider);
  CHECK(error.provider->http_status == 400);
  CHECK(error.provider->code == "invalid_value");
  CHECK(error.provider->request_id == "req_1");
  CHECK_FALSE(error.provider->retryable);
  CHECK_FALSE(error.in_doubt);
}

TEST_CASE("a refused key is named without being shown", "[openai]") {
  const HttpResponse answer{
      401, {}, R"({"error":{"message":"Incorrect API key provided: canary****key."}})"};
  const Error error = error_of_reply("list", answer, k_key);
  CHECK(std::string(error.what()) == "cannot list: the provider rejected the API key (HTTP 401)");
  CHECK_THAT(error.hint(), ContainsSubstring("OPENAI_API_KEY"));
  CHECK_THAT(text_of(403, "no canary-key, no canary-key"), ContainsSubstring("no ***, no ***"));
}

TEST_CASE("what to do about a refusal is told", "[openai]") {
  const auto hint = [](int status, const std::string& body) {
    return error_of_reply("x", {status, {}, body}, k_key).hint();
  };
  CHECK_THAT(hint(403, ""), ContainsSubstring("permissions"));
  CHECK_THAT(hint(404, ""), ContainsSubstring("OPENAI_BASE_URL"));
  CHECK_THAT(hint(307, ""), ContainsSubstring("redirects are not followed"));
  CHECK_THAT(hint(429, R"({"error":{"code":"insufficient_quota"}})"), ContainsSubstring("billing"));
  CHECK_THAT(
      hint(400, R"({"error":{"code":"billing_hard_limit_reached"}})"),
      ContainsSubstring("billing"));
}

TEST_CASE("only a 429 for lack of quota is out of quota", "[openai]") {
  const std::string body = R"({"error":{"type":"insufficient_quota","code":null}})";
  CHECK(is_out_of_quota({429, {}, body}));
  CHECK_FALSE(is_out_of_quota({500, {}, body}));
  CHECK_FALSE(is_out_of_quota({429, {}, R"({"error":{"code":"rate_limit_exceeded"}})"}));
  CHECK_FALSE(is_out_of_quota({429, {}, ""}));
}
