#include "json/request_line.hpp"

#include "json/writer.hpp"

namespace embedctl::json {

RequestLine::RequestLine(const RequestShape& shape) {
  m_between = R"(,"method":"POST","url":)";
  append_string(m_between, shape.endpoint);
  m_between += R"(,"body":{"model":)";
  append_string(m_between, shape.model);
  m_between += R"(,"dimensions":)" + std::to_string(shape.dims);
  m_between += R"(,"encoding_format":)";
  append_string(m_between, shape.encoding);
  m_between += R"(,"input":)";
  m_after = "}}\n";
}

std::string_view RequestLine::format(std::string_view custom_id, std::string_view text) {
  m_line.assign(R"({"custom_id":)");
  append_string(m_line, custom_id);
  m_line += m_between;
  append_string(m_line, text);
  m_line += m_after;
  return m_line;
}

} // namespace embedctl::json
