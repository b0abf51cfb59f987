#pragma once

#include <string>
#include <string_view>

namespace embedctl::json {

// What all requests of a run have in common.
struct RequestShape {
  std::string endpoint = "/v1/embeddings";
  std::string model;
  int dims = 0;
  std::string encoding; // "base64" or "float"
};

// Writes the lines of an input.jsonl: one embedding request each.
class RequestLine {
public:
  explicit RequestLine(const RequestShape& shape);

  // The whole line, newline included; valid until the next call. Key and text must be UTF-8.
  std::string_view format(std::string_view custom_id, std::string_view text);

private:
  std::string m_between; // from the custom_id to the text
  std::string m_after;   // from the text to the newline
  std::string m_line;
};

} // namespace embedctl::json
