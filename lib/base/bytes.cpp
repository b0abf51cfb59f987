#include "base/bytes.hpp"

#include <array>

#include <fmt/format.h>

namespace embedctl {

namespace {

constexpr std::string_view k_hex = "0123456789abcdef";
constexpr std::string_view k_base64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t k_invalid = 0xff;

constexpr auto k_base64_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(k_invalid);
  for (std::size_t i = 0; i < k_base64.size(); ++i)
    values[static_cast<unsigned char>(k_base64[i])] = static_cast<std::uint8_t>(i);
  return values;
}();

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

// Length of the valid UTF-8 sequence at the front of `text`, or 0.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead < 0x80    ? 1
                             : lead < 0xc2  ? 0
                             : lead < 0xe0  ? 2
                             : lead < 0xf0  ? 3
                             : lead <= 0xf4 ? 4
                                            : 0;
  if (length == 0 || length > text.size())
    return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80)
      return 0;
  if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f)
      || (lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f))
    return 0;
  return length;
}

// C0, DEL and C1 controls, and the bidirectional and line separators that reorder a line.
bool moves_the_terminal(std::string_view sequence) {
  const auto lead = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1)
    return lead < 0x20 || lead == 0x7f;
  const auto second = static_cast<unsigned char>(sequence[1]);
  if (sequence.size() == 2)
    return lead == 0xc2 && second < 0xa0;
  const auto third = static_cast<unsigned char>(sequence[2]);
  return sequence.size() == 3 && lead == 0xe2
         && ((second == 0x80 && third >= 0xa8 && third <= 0xae)
             || (second == 0x81 && third >= 0xa6 && third <= 0xa9));
}

} // namespace

std::string to_hex(std::span<const std::byte> bytes) {
  std::string out(bytes.size() * 2, '0');
  char* to = out.data();
  for (const std::byte b : bytes) {
    *to++ = k_hex[std::to_integer<std::size_t>(b >> 4)];
    *to++ = k_hex[std::to_integer<std::size_t>(b & std::byte{0xf})];
  }
  return out;
}

bool from_hex(std::string_view text, std::span<std::byte> out) {
  if (text.size() != out.size() * 2)
    return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0)
      return false;
    out[i] = static_cast<std::byte>(high << 4 | low);
  }
  return true;
}

std::string to_base64(std::span<const std::byte> bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    std::uint32_t triple = std::to_integer<std::uint32_t>(bytes[i]) << 16;
    if (left > 1)
      triple |= std::to_integer<std::uint32_t>(bytes[i + 1]) << 8;
    if (left > 2)
      triple |= std::to_integer<std::uint32_t>(bytes[i + 2]);
    out += k_base64[triple >> 18];
    out += k_base64[triple >> 12 & 63];
    out += left > 1 ? k_base64[triple >> 6 & 63] : '=';
    out += left > 2 ? k_base64[triple & 63] : '=';
  }
  return out;
}

bool from_base64(std::string_view text, std::vector<std::byte>& out) {
  if (text.size() % 4 != 0)
    return false;
  if (text.empty()) {
    out.clear();
    return true;
  }
  const std::size_t padding =
      text.ends_with("==") ? 2 : static_cast<std::size_t>(text.ends_with('='));
  const std::size_t size = text.size() / 4 * 3 - padding;
  out.resize(size + 2); // the last group may write past the end; cut below
  const auto value = [&](std::size_t i) {
    return k_base64_values[static_cast<unsigned char>(text[i])];
  };
  std::byte* to = out.data();
  const std::size_t whole = text.size() - (padding > 0 ? 4 : 0);
  std::uint8_t seen = 0;
  for (std::size_t i = 0; i < whole; i += 4, to += 3) {
    const std::uint8_t a = value(i), b = value(i + 1), c = value(i + 2), d = value(i + 3);
    seen |= static_cast<std::uint8_t>(a | b | c | d);
    const auto triple = static_cast<std::uint32_t>(a << 18 | b << 12 | c << 6 | d);
    to[0] = static_cast<std::byte>(triple >> 16);
    to[1] = static_cast<std::byte>(triple >> 8);
    to[2] = static_cast<std::byte>(triple);
  }
  if (padding > 0) {
    const std::uint8_t a = value(whole), b = value(whole + 1);
    const std::uint8_t c = padding == 1 ? value(whole + 2) : std::uint8_t{0};
    seen |= static_cast<std::uint8_t>(a | b | c);
    to[0] = static_cast<std::byte>(a << 2 | b >> 4);
    if (padding == 1)
      to[1] = static_cast<std::byte>(b << 4 | c >> 2);
    const unsigned dropped_bits = padding == 1 ? c & 3u : b & 15u;
    if (dropped_bits != 0)
      seen = k_invalid;
  }
  out.resize(size);
  return seen < 64;
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  while (!text.empty()) {
    if (out.size() >= limit)
      return out + "...";
    const std::size_t length = utf8_length(text);
    const std::string_view sequence = text.substr(0, length > 0 ? length : 1);
    if (length == 0 || moves_the_terminal(sequence)) {
      for (const char c : sequence)
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += sequence;
    }
    text.remove_prefix(sequence.size());
  }
  return out;
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> k_units = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < k_units.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, k_units[unit]);
}

std::string human_count(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3; at -= 3)
    digits.insert(at - 3, 1, ',');
  return digits;
}

std::string shell_quoted(const std::string& text) {
  constexpr std::string_view k_safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789-_./:@%+=,";
  if (!text.empty() && text.find_first_not_of(k_safe) == std::string::npos)
    return text;
  std::string out = "'";
  for (const char c : text)
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

} // namespace embedctl
