#include "sandbox/api_error.hpp"

#include "json/writer.hpp"

namespace embedctl::sandbox {

namespace {

void write_or_null(json::Writer& writer, const char* key, const std::optional<std::string>& text) {
  writer.key(key);
  if (text)
    writer.value(*text);
  else
    writer.null();
}

} // namespace

std::string ApiError::json() const {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("error").begin_object();
  writer.field("message", what()).field("type", m_type);
  write_or_null(writer, "param", m_param);
  write_or_null(writer, "code", m_code);
  writer.end_object().end_object();
  return out;
}

} // namespace embedctl::sandbox
