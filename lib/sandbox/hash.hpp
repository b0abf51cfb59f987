#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace embedctl::sandbox {

// Stable across machines and versions: vectors and result order depend on it.
std::uint64_t hash(std::string_view text, std::uint64_t seed = 0);

// One step of a pseudo-random sequence; advances `state`.
std::uint64_t next_random(std::uint64_t& state);

// 16 hexadecimal digits.
std::string hex(std::uint64_t number);

// prefix and 24 hexadecimal digits, unique.
std::string new_id(std::string_view prefix);

} // namespace embedctl::sandbox
