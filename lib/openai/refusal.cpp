#include "openai/refusal.hpp"

#include "base/bytes.hpp"
#include "json/value.hpp"

#include <fmt/format.h>

namespace embedctl::openai {

namespace {

// A field that some servers send as text and some as number.
std::string text_of(const json::Value& object, std::string_view key) {
  const auto found = object.find(key);
  if (!found)
    return {};
  const auto text = found->as_string();
  return text ? std::string(*text) : found->dump();
}

Refusal refusal_in(const json::Value& object) {
  Refusal refusal{text_of(object, "message"), text_of(object, "type"), text_of(object, "code")};
  if (refusal.message.empty())
    refusal.message = text_of(object, "detail");
  return refusal;
}

std::string hint_for(const HttpResponse& answer, const Refusal& refusal) {
  if (is_out_of_quota(answer) || refusal.code == "billing_hard_limit_reached")
    return "add credit or raise the limit in the provider's billing settings, then run the same "
           "command again";
  switch (answer.status) {
  case 401:
    return "check OPENAI_API_KEY, and OPENAI_BASE_URL if the key is another provider's";
  case 403:
    return "the key or its project may not use files and batches; check its permissions, "
           "OPENAI_ORG_ID and OPENAI_PROJECT_ID";
  case 404:
    return "check OPENAI_BASE_URL, and that the key belongs to the project that made it";
  default:
    return answer.status < 400 ? "check OPENAI_BASE_URL: redirects are not followed" : "";
  }
}

} // namespace

Refusal parse_refusal(const std::string& body) {
  const auto document = json::Document::try_parse(body);
  if (!document) {
    const bool is_markup = body.find('<') != std::string::npos;
    return {is_markup ? "" : body, "", ""};
  }
  const json::Value root = document->root();
  const auto error = root.find("error");
  if (!error)
    return refusal_in(root);
  if (const auto text = error->as_string()) {
    Refusal refusal = refusal_in(root);
    if (refusal.message.empty())
      refusal.message = *text;
    return refusal;
  }
  return refusal_in(*error);
}

bool is_out_of_quota(const HttpResponse& answer) {
  if (answer.status != 429)
    return false;
  const Refusal refusal = parse_refusal(answer.body);
  return refusal.code == "insufficient_quota" || refusal.type == "insufficient_quota";
}

Error refusal_error(const std::string& what, const HttpResponse& answer, const Secret& key) {
  const Refusal refusal = parse_refusal(answer.body);
  const auto clean = [&](const std::string& text, std::size_t limit) {
    return printable(without_key(text, key), limit);
  };
  const std::string code = clean(refusal.code.empty() ? refusal.type : refusal.code, 100);
  std::string message = fmt::format("cannot {}: ", what);
  if (answer.status == 401) {
    // Its message goes unseen, because it likes to quote the key, in part even.
    message += "the provider refuses the API key (HTTP 401)";
  } else {
    message += fmt::format("HTTP {}", answer.status);
    message += code.empty() ? "" : ", " + code;
    if (const std::string told = clean(refusal.message, 300); !told.empty())
      message += ": " + told;
  }
  Error error(ErrorKind::provider, message, hint_for(answer, refusal));
  error.provider.emplace();
  error.provider->http_status = answer.status;
  error.provider->code = code;
  error.provider->request_id = clean(answer.header("x-request-id").value_or(""), 100);
  return error;
}

} // namespace embedctl::openai
