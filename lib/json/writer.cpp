#include "json/writer.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include <fmt/format.h>

namespace embedctl::json {

namespace {

static_assert(std::endian::native == std::endian::little, "the first byte is the lowest");

constexpr auto k_needs_escape = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c < 0x20; ++c)
    table[c] = true;
  table['"'] = table['\\'] = true;
  return table;
}();

constexpr std::uint64_t in_every_byte(std::uint8_t value) {
  return 0x0101'0101'0101'0101 * std::uint64_t{value};
}

// The high bit of each of eight bytes that is zero. What follows a zero byte may be taken for one.
constexpr std::uint64_t zero_bytes(std::uint64_t bytes) {
  return (bytes - in_every_byte(1)) & ~bytes & in_every_byte(0x80);
}

// The place of the first byte that needs an escape, from `from` on; the size if there is none.
// Eight bytes at a time, because most texts are long and need few.
std::size_t find_escape(std::string_view text, std::size_t from) {
  std::size_t i = from;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + i, sizeof(bytes));
    const std::uint64_t controls =
        (bytes - in_every_byte(0x20)) & ~bytes & in_every_byte(0x80); // below a space
    const std::uint64_t found =
        controls | zero_bytes(bytes ^ in_every_byte('"')) | zero_bytes(bytes ^ in_every_byte('\\'));
    if (found != 0)
      return i + static_cast<std::size_t>(std::countr_zero(found)) / 8;
  }
  while (i < text.size() && !k_needs_escape[static_cast<unsigned char>(text[i])])
    ++i;
  return i;
}

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
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = find_escape(text, from);
    out += text.substr(from, end - from);
    if (end < text.size())
      append_escaped(out, text[end]);
    from = end + 1;
  }
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
