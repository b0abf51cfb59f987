#include "requests/request_writer.hpp"

#include "json/writer.hpp"

namespace embedctl::requests {

namespace {

// The body of a request, before and after its text.
struct Body {
  std::string before;
  std::string after;
};

Body embedding_body(const Request& request) {
  Body body;
  body.before = R"({"model":)";
  json::append_string(body.before, request.model);
  if (request.sends_dims)
    body.before += R"(,"dimensions":)" + std::to_string(request.dims);
  body.before += R"(,"encoding_format":)";
  json::append_string(body.before, request.encoding);
  body.before += R"(,"input":)";
  body.after = "}";
  return body;
}

Body body_of(const Request& request) {
  switch (request.kind) {
  case RequestKind::embed:
    return embedding_body(request);
  }
  return {};
}

} // namespace

std::string_view endpoint_of(RequestKind kind) {
  switch (kind) {
  case RequestKind::embed:
    return "/v1/embeddings";
  }
  return {};
}

RequestWriter::RequestWriter(const Request& request) {
  const Body body = body_of(request);
  m_between = R"(,"method":"POST","url":)";
  json::append_string(m_between, endpoint_of(request.kind));
  m_between += R"(,"body":)" + body.before;
  m_after = body.after + "}\n";
}

std::string_view RequestWriter::line(std::string_view custom_id, std::string_view text) {
  m_line.assign(R"({"custom_id":)");
  json::append_string(m_line, custom_id);
  m_line += m_between;
  json::append_string(m_line, text);
  m_line += m_after;
  return m_line;
}

} // namespace embedctl::requests
