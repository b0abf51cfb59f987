#include "core/http_transport.hpp"

namespace embedctl {

std::optional<std::string> HttpResponse::header(const std::string& lower_case_name) const {
  for (const auto& [name, content] : headers)
    if (name == lower_case_name)
      return content;
  return std::nullopt;
}

} // namespace embedctl
