#include "core/text.hpp"

#include <array>

namespace embedctl {

namespace {

// Non-ASCII white space, and invisible characters: the zero-width space, non-joiner and joiner, and
// the byte order mark.
constexpr std::array<std::string_view, 23> k_wide_spaces = {
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
    "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
    "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\x8b", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf",
    "\xe2\x81\x9f", "\xe3\x80\x80", "\xef\xbb\xbf", "\xe2\x80\x8c", "\xe2\x80\x8d"};

std::size_t space_at_front(std::string_view text) {
  const char c = text.front();
  if (c == ' ' || (c >= '\t' && c <= '\r'))
    return 1;
  for (const std::string_view space : k_wide_spaces)
    if (text.starts_with(space))
      return space.size();
  return 0;
}

} // namespace

bool is_blank(std::string_view utf8) {
  while (!utf8.empty()) {
    const std::size_t space = space_at_front(utf8);
    if (space == 0)
      return false;
    utf8.remove_prefix(space);
  }
  return true;
}

std::optional<std::string> canonical_uuid(std::string_view text) {
  if (text.starts_with('{') && text.ends_with('}') && text.size() > 2)
    text = text.substr(1, text.size() - 2);
  std::string uuid;
  std::size_t digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '-') {
      // A hyphen may stand after every fourth digit.
      if (digits == 0 || digits % 4 != 0 || digits == 32 || text[i - 1] == '-')
        return std::nullopt;
      continue;
    }
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    if (!((lower >= '0' && lower <= '9') || (lower >= 'a' && lower <= 'f')) || digits == 32)
      return std::nullopt;
    if (digits == 8 || digits == 12 || digits == 16 || digits == 20)
      uuid += '-';
    uuid += lower;
    ++digits;
  }
  return digits == 32 ? std::optional<std::string>(uuid) : std::nullopt;
}

} // namespace embedctl
