#include "openai/error_cutter.hpp"

#include <fmt/format.h>

namespace embedctl::openai {

namespace {

constexpr std::size_t k_longest_key = 16; // longer ones are none of ours

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

} // namespace

std::string ErrorCutter::take(std::string_view piece) {
  std::string out;
  out.reserve(piece.size());
  for (const char c : piece)
    take(c, out);
  return out;
}

void ErrorCutter::take(char c, std::string& out) {
  if (m_in_string) {
    in_string(c);
  } else if (c == ']' || c == '}') {
    close();
    if (!is_cutting() || m_elements <= m_keep)
      out += c;
    if (m_elements > m_keep && !is_cutting()) {
      out += fmt::format(",\"{}\":{}", k_error_count, m_elements);
      m_elements = 0;
    }
    return;
  } else {
    if (is_in_list_itself() && m_between && !is_space(c) && c != ',') {
      ++m_elements;
      m_between = false;
    }
    const bool is_comma_of_list = is_in_list_itself() && c == ',';
    open(c);
    if (is_comma_of_list) {
      m_between = true;
      if (m_elements >= m_keep)
        return; // the next element is left out
    }
  }
  if (!is_cutting() || m_elements <= m_keep)
    out += c;
}

void ErrorCutter::in_string(char c) {
  if (m_escaped) {
    m_escaped = false;
  } else if (c == '\\') {
    m_escaped = true;
  } else if (c == '"') {
    m_in_string = false;
    return;
  }
  if (m_string.size() < k_longest_key)
    m_string += c;
}

void ErrorCutter::open(char c) {
  if (c == '"') {
    m_in_string = true;
    m_string.clear();
  } else if (c == ':') {
    m_key = m_string;
  } else if (c == ',') {
    m_key.clear();
  } else if (c == '{' || c == '[') {
    ++m_depth;
    if (!is_cutting() && c == '{' && m_key == "errors")
      m_errors_depth = m_depth;
    const bool is_data =
        m_errors_depth > 0 && m_depth == m_errors_depth + 1 && (m_key == "data" || m_key == "value");
    if (!is_cutting() && c == '[' && (m_key == "errors" || is_data)) {
      m_list_depth = m_depth;
      m_elements = 0;
      m_between = true;
    }
    m_key.clear();
  }
}

void ErrorCutter::close() {
  if (m_depth == m_list_depth)
    m_list_depth = 0;
  if (m_depth == m_errors_depth)
    m_errors_depth = 0;
  if (m_depth > 0)
    --m_depth;
  m_key.clear();
}

} // namespace embedctl::openai
