#include "openai/error_reply.hpp"

#include "base/bytes.hpp"
#include "json/value.hpp"

#include <fmt/format.h>

namespace embedctl::openai {

namespace {

// A field that is text on some servers and a number on others.
std::string text_of(const json::Value& object, std::string_view key) {
  const auto found = object.find(key);
  if (!found)
    return {};
  const auto text = found->as_string();
  return text ? std::string(*text) : found->dump();
}

ErrorBody error_body_in(const json::Value& object) {
  ErrorBody body{text_of(object, "message"), text_of(object, "type"), text_of(object, "code")};
  if (body.message.empty())
    body.message = text_of(object, "detail");
  return body;
}

std::string hint_for(const HttpResponse& answer, const ErrorBody& body) {
  if (is_out_of_quota(answer) || body.code == "billing_hard_limit_reached")
    return "add credit or raise the limit in the provider's billing settings, then run the same "
           "command again";
  switch (answer.status) {
  case 401:
    return "check OPENAI_API_KEY, and OPENAI_BASE_URL if the key is another provider's";
  case 403:
    return "the key or its project has no access to files and batches; check its permissions, "
           "OPENAI_ORG_ID and OPENAI_PROJECT_ID";
  case 404:
    return "check OPENAI_BASE_URL, and that the key belongs to the project that created it";
  default:
    return answer.status < 400 ? "check OPENAI_BASE_URL: redirects are not followed" : "";
  }
}

} // namespace

ErrorBody parse_error_body(const std::string& text) {
  const auto document = json::Document::try_parse(text);
  if (!document) {
    const bool is_markup = text.find('<') != std::string::npos;
    return {is_markup ? "" : text, "", ""};
  }
  const json::Value root = document->root();
  const auto error = root.find("error");
  if (!error)
    return error_body_in(root);
  if (const auto told = error->as_string()) {
    ErrorBody body = error_body_in(root);
    if (body.message.empty())
      body.message = *told;
    return body;
  }
  return error_body_in(*error);
}

bool is_out_of_quota(const HttpResponse& answer) {
  if (answer.status != 429)
    return false;
  const ErrorBody body = parse_error_body(answer.body);
  return body.code == "insufficient_quota" || body.type == "insufficient_quota";
}

Error error_of_reply(const std::string& what, const HttpResponse& answer, const Secret& key) {
  const ErrorBody body = parse_error_body(answer.body);
  const auto clean = [&](const std::string& text, std::size_t limit) {
    return printable(without_key(text, key), limit);
  };
  const std::string code = clean(body.code.empty() ? body.type : body.code, 100);
  std::string message = fmt::format("cannot {}: ", what);
  if (answer.status == 401) {
    // Its message goes unseen, because it likes to quote the key, in part even.
    message += "the provider rejected the API key (HTTP 401)";
  } else {
    message += fmt::format("HTTP {}", answer.status);
    message += code.empty() ? "" : ", " + code;
    if (const std::string told = clean(body.message, 300); !told.empty())
      message += ": " + told;
  }
  Error error(ErrorKind::provider, message, hint_for(answer, body));
  error.provider.emplace();
  error.provider->http_status = answer.status;
  error.provider->code = code;
  error.provider->request_id = clean(answer.header("x-request-id").value_or(""), 100);
  return error;
}

} // namespace embedctl::openai
