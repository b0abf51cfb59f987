#include "core/http_transport.hpp"

namespace embedctl {

std::optional<std::string> HttpResponse::header(const std::string& lower_case_name) const {
  for (const auto& [name, content] : headers)
    if (name == lower_case_name)
      return content;
  return std::nullopt;
}

std::string without_key(std::string text, const Secret& key) {
  const std::string& secret = key.reveal();
  if (secret.empty())
    return text;
  constexpr std::string_view k_instead = "***"; // in which the secret is not looked for again
  for (auto at = text.find(secret); at != std::string::npos;
       at = text.find(secret, at + k_instead.size()))
    text.replace(at, secret.size(), k_instead);
  return text;
}

} // namespace embedctl
