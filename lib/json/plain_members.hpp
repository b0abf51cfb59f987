#pragma once

#include <optional>
#include <string_view>

namespace embedctl::json {

// Reads the members of an object one by one while they are plain, without escapes or nesting. Much
// faster than a parser, and it does not check the rest of the text.
class PlainMembers {
public:
  explicit PlainMembers(std::string_view object);

  // The text of the first member of this name, if it is a plain string.
  std::optional<std::string_view> text(std::string_view name);

private:
  void skip_space();
  bool take(char c);
  std::optional<std::string_view> string();
  std::optional<std::string_view> scalar();

  std::string_view m_rest;
  bool m_plain = false;
};

} // namespace embedctl::json
