#include "openai/url_escape.hpp"

#include <fmt/format.h>

namespace embedctl::openai {

std::string url_escaped(std::string_view text) {
  constexpr std::string_view k_plain = "-_~";
  std::string out;
  for (const char c : text) {
    const bool is_alphanumeric =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (is_alphanumeric || k_plain.find(c) != std::string_view::npos)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

} // namespace embedctl::openai
