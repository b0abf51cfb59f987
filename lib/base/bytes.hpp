#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl {

std::string to_hex(std::span<const std::byte> bytes);

// Fills `out` exactly; false if the length differs or a character is not a hex digit.
bool from_hex(std::string_view text, std::span<std::byte> out);

std::string to_base64(std::span<const std::byte> bytes);

// Strict RFC 4648 with padding; false for anything else. `out` is overwritten and keeps its
// capacity, so that reading many vectors allocates once.
bool from_base64(std::string_view text, std::vector<std::byte>& out);

// Makes text from a provider, a database or a file safe for a terminal or a TSV field: control
// characters and invalid UTF-8 become \xNN, and text is cut to `limit` bytes, marked by "...".
std::string printable(std::string_view text, std::size_t limit = 500);

// A word for a shell: bare where that is safe.
std::string shell_quoted(const std::string& text);

// "1.5 GiB"
std::string human_bytes(std::uint64_t bytes);

// "12,345"
std::string human_count(std::uint64_t count);

} // namespace embedctl
