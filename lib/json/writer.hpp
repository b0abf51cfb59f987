#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace embedctl::json {

// Appends the text as a JSON string, quotes included. The text must be valid UTF-8; it arrives
// at any reader exactly as it was, control characters and U+2028 included.
void append_string(std::string& out, std::string_view text);

// Appends JSON to a string, one value after another; commas and colons come by themselves.
// What is opened must be closed by the caller.
class Writer {
public:
  enum class Style { compact, indented };

  explicit Writer(std::string& out, Style style = Style::compact) : m_out(out), m_style(style) {}

  Writer& begin_object() { return open('{'); }
  Writer& end_object() { return close('}'); }
  Writer& begin_array() { return open('['); }
  Writer& end_array() { return close(']'); }

  Writer& key(std::string_view name);

  Writer& value(std::string_view text);
  Writer& value(const char* text) { return value(std::string_view(text)); }
  Writer& value(const std::string& text) { return value(std::string_view(text)); }
  Writer& value(bool flag) { return raw(flag ? "true" : "false"); }
  Writer& value(double number);
  template <std::integral T>
  Writer& value(T number) {
    return raw(std::to_string(number));
  }
  Writer& null() { return raw("null"); }

  // A value that is JSON already.
  Writer& raw(std::string_view json);

  template <typename T>
  Writer& field(std::string_view name, const T& content) {
    return key(name).value(content);
  }

private:
  Writer& open(char bracket);
  Writer& close(char bracket);
  void before_value();
  void new_line();

  std::string& m_out;
  Style m_style;
  int m_depth = 0;
  bool m_first = true;
  bool m_after_key = false;
};

} // namespace embedctl::json
