#include "cli/dotenv.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

constexpr std::string_view k_byte_order_mark = "\xef\xbb\xbf";
constexpr std::string_view k_blanks = " \t";

// <cctype> asks the locale and is undefined for negative chars.
bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool continues_name(char c) {
  return begins_name(c) || (c >= '0' && c <= '9');
}

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(k_blanks), text.size()));
}

std::optional<char> unescaped(char c) {
  switch (c) {
  case 'n':
    return '\n';
  case 'r':
    return '\r';
  case 't':
    return '\t';
  case '"':
  case '\\':
  case '$':
    return c;
  default:
    return std::nullopt;
  }
}

class LineParser {
public:
  LineParser(std::string_view line, std::string_view file, std::size_t number)
      : m_rest(line), m_file(file), m_number(number) {}

  // nullopt for a blank line or a comment.
  std::optional<std::pair<std::string, std::string>> parse() {
    if (std::any_of(m_rest.begin(), m_rest.end(), is_control))
      refuse("contains a control character");
    skip_blanks(m_rest);
    if (at_end())
      return std::nullopt;
    skip_export();
    std::string key = take_key();
    return std::pair(std::move(key), take_value());
  }

private:
  [[noreturn]] void refuse(std::string_view what) const {
    throw Error(
        ErrorKind::usage, fmt::format("\"{}\" line {} {}", m_file, m_number, what),
        "a line is KEY=VALUE; enclose a value with spaces, quotes or \"#\" in 'single quotes'");
  }

  bool at_end() const { return m_rest.empty() || m_rest.front() == '#'; }

  void skip_export() {
    constexpr std::string_view k_export = "export";
    if (m_rest.starts_with(k_export)
        && k_blanks.find(m_rest.substr(k_export.size(), 1)) != std::string_view::npos
        && m_rest.size() > k_export.size()) {
      std::string_view after = m_rest.substr(k_export.size());
      skip_blanks(after);
      if (!after.starts_with('='))
        m_rest = after;
    }
  }

  std::string take_key() {
    const auto end = std::find_if_not(m_rest.begin(), m_rest.end(), continues_name);
    const std::string key(m_rest.begin(), end);
    m_rest.remove_prefix(key.size());
    skip_blanks(m_rest);
    if (key.empty() || !begins_name(key.front()) || !m_rest.starts_with('='))
      refuse("is not KEY=VALUE");
    m_rest.remove_prefix(1);
    skip_blanks(m_rest);
    return key;
  }

  std::string take_value() {
    if (m_rest.starts_with('\''))
      return take_literal();
    if (m_rest.starts_with('"'))
      return take_escaped();
    return take_bare();
  }

  std::string take_bare() {
    std::size_t end = 0;
    while (
        end < m_rest.size()
        && !(m_rest[end] == '#' && (end == 0 || k_blanks.find(m_rest[end - 1]) != k_blanks.npos)))
      ++end;
    const std::string_view value = m_rest.substr(0, end);
    return std::string(value.substr(0, value.find_last_not_of(k_blanks) + 1));
  }

  std::string take_literal() {
    const std::size_t end = m_rest.find('\'', 1);
    if (end == std::string_view::npos)
      refuse("has an unclosed quote");
    std::string value(m_rest.substr(1, end - 1));
    m_rest.remove_prefix(end + 1);
    expect_end();
    return value;
  }

  std::string take_escaped() {
    std::string value;
    for (m_rest.remove_prefix(1); !m_rest.empty(); m_rest.remove_prefix(1)) {
      if (m_rest.front() == '"') {
        m_rest.remove_prefix(1);
        expect_end();
        return value;
      }
      if (m_rest.front() != '\\') {
        value += m_rest.front();
        continue;
      }
      m_rest.remove_prefix(1);
      const auto plain = m_rest.empty() ? std::nullopt : unescaped(m_rest.front());
      if (!plain)
        refuse("has an unknown escape in double quotes");
      value += *plain;
    }
    refuse("has an unclosed quote");
  }

  void expect_end() {
    skip_blanks(m_rest);
    if (!at_end())
      refuse("continues after the closing quote");
  }

  std::string_view m_rest;
  std::string_view m_file;
  std::size_t m_number;
};

} // namespace

std::map<std::string, std::string> parse_dotenv(std::string_view text, std::string_view file) {
  std::map<std::string, std::string> variables;
  if (text.starts_with(k_byte_order_mark))
    text.remove_prefix(k_byte_order_mark.size());
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    if (auto variable = LineParser(line, file, number).parse())
      variables.insert_or_assign(std::move(variable->first), std::move(variable->second));
  }
  return variables;
}

} // namespace embedctl::cli
