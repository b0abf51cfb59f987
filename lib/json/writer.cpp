#include "json/writer.hpp"

#include <array>
#include <cmath>

#include <fmt/format.h>

namespace embedctl::json {

namespace {

constexpr auto k_needs_escape = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c < 0x20; ++c)
    table[c] = true;
  table['"'] = table['\\'] = true;
  return table;
}();

void append_escaped(std::string& out, char c) {
  switch (c) {
  case '"':
    out += "\\\"";
    break;
  case '\\':
    out += "\\\\";
    break;
  case '\n':
    out += "\\n";
    break;
  case '\r':
    out += "\\r";
    break;
  case '\t':
    out += "\\t";
    break;
  default:
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
  }
}

} // namespace

void append_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t clean_from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!k_needs_escape[static_cast<unsigned char>(text[i])])
      continue;
    out += text.substr(clean_from, i - clean_from);
    append_escaped(out, text[i]);
    clean_from = i + 1;
  }
  out += text.substr(clean_from);
  out += '"';
}

Writer& Writer::key(std::string_view name) {
  before_value();
  append_string(m_out, name);
  m_out += m_style == Style::indented ? ": " : ":";
  m_after_key = true;
  return *this;
}

Writer& Writer::value(std::string_view text) {
  before_value();
  append_string(m_out, text);
  return *this;
}

Writer& Writer::value(double number) {
  return std::isfinite(number) ? raw(fmt::format("{}", number)) : null();
}

Writer& Writer::raw(std::string_view json) {
  before_value();
  m_out += json;
  return *this;
}

Writer& Writer::open(char bracket) {
  before_value();
  m_out += bracket;
  ++m_depth;
  m_first = true;
  return *this;
}

Writer& Writer::close(char bracket) {
  --m_depth;
  if (!m_first)
    new_line();
  m_out += bracket;
  m_first = false;
  return *this;
}

void Writer::before_value() {
  if (m_after_key) {
    m_after_key = false;
    return;
  }
  if (m_depth == 0)
    return;
  if (!m_first)
    m_out += ',';
  new_line();
  m_first = false;
}

void Writer::new_line() {
  if (m_style == Style::indented) {
    m_out += '\n';
    m_out.append(static_cast<std::size_t>(m_depth) * 2, ' ');
  }
}

} // namespace embedctl::json
