#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "core/http_transport.hpp"

#include <string>

namespace embedctl::openai {

// What an error body says, in any of the shapes in use: {"error": {...}}, {"error": "text"},
// top-level "message" or "detail", plain text. Empty where it says nothing, as HTML does.
struct Refusal {
  std::string message;
  std::string type;
  std::string code;
};

Refusal parse_refusal(const std::string& body);

// No money left: the one 429 that no waiting cures.
bool is_out_of_quota(const HttpResponse& answer);

// The Error{provider} for an answer that is no success. `what` goes on from "cannot ". The text
// is printable, and the key is cut out of it, which some servers quote.
Error refusal_error(const std::string& what, const HttpResponse& answer, const Secret& key);

} // namespace embedctl::openai
