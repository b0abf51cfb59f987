#pragma once

#include "core/request.hpp"

#include <string>
#include <string_view>

namespace embedctl::requests {

// The API's path for requests of this kind.
std::string_view endpoint_of(RequestKind kind);

// Writes the lines of an input.jsonl.
class RequestWriter {
public:
  explicit RequestWriter(const Request& request);

  // The whole line, newline included; valid until the next call. Id and text must be UTF-8.
  std::string_view line(std::string_view custom_id, std::string_view text);

private:
  std::string m_between; // from the custom_id to the text
  std::string m_after;   // from the text to the newline
  std::string m_line;
};

} // namespace embedctl::requests
