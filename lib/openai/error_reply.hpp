#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "core/http_transport.hpp"

#include <string>

namespace embedctl::openai {

// An error body in any of the common shapes: {"error": {...}}, {"error": "text"}, top-level
// "message" or "detail", plain text. Empty if there is no message, as in HTML.
struct ErrorBody {
  std::string message;
  std::string type;
  std::string code;
};

ErrorBody parse_error_body(const std::string& text);

// Out of credit: the one 429 that waiting does not fix.
bool is_out_of_quota(const HttpResponse& answer);

// The Error{provider} for a response that is not a success. `what` continues "cannot ". The text is
// printable, and the key is removed from it, because some servers quote it.
Error error_of_reply(const std::string& what, const HttpResponse& answer, const Secret& key);

} // namespace embedctl::openai
