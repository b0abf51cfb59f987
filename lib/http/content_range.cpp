#include "http/content_range.hpp"

#include <charconv>
#include <optional>

namespace embedctl::http {

namespace {

std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{})
    return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected))
    return false;
  text.remove_prefix(expected.size());
  return true;
}

} // namespace

bool completes_from(std::string_view content_range, std::uint64_t offset) {
  if (!take(content_range, "bytes "))
    return false;
  const auto first = take_number(content_range);
  if (first != offset || !take(content_range, "-"))
    return false;
  const auto last = take_number(content_range);
  if (!last || !take(content_range, "/"))
    return false;
  if (content_range == "*")
    return true;
  const auto total = take_number(content_range);
  return total && content_range.empty() && *last + 1 == *total;
}

} // namespace embedctl::http
