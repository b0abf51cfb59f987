#include "json/plain_members.hpp"

#include <algorithm>

namespace embedctl::json {

PlainMembers::PlainMembers(std::string_view object) : m_rest(object) {
  m_plain = take('{');
}

std::optional<std::string_view> PlainMembers::text(std::string_view name) {
  while (m_plain) {
    const auto key = string();
    m_plain = key && take(':');
    skip_space();
    const bool is_string = m_rest.starts_with('"');
    const auto value = is_string ? string() : scalar();
    if (m_plain && value && key == name)
      return is_string ? value : std::nullopt;
    m_plain = m_plain && value && take(',');
  }
  return std::nullopt;
}

void PlainMembers::skip_space() {
  m_rest.remove_prefix(std::min(m_rest.find_first_not_of(" \t\r"), m_rest.size()));
}

bool PlainMembers::take(char c) {
  skip_space();
  if (!m_rest.starts_with(c))
    return false;
  m_rest.remove_prefix(1);
  return true;
}

std::optional<std::string_view> PlainMembers::string() {
  if (!take('"'))
    return std::nullopt;
  const auto end = m_rest.find_first_of("\"\\");
  if (end == std::string_view::npos || m_rest[end] != '"')
    return std::nullopt;
  const auto text = m_rest.substr(0, end);
  m_rest.remove_prefix(end + 1);
  return text;
}

std::optional<std::string_view> PlainMembers::scalar() {
  const auto end = m_rest.find_first_of(",{}[]\"");
  if (end == std::string_view::npos || m_rest[end] != ',')
    return std::nullopt;
  const auto text = m_rest.substr(0, end);
  m_rest.remove_prefix(end);
  return text;
}

} // namespace embedctl::json
