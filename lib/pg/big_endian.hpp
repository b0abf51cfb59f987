#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace embedctl::pg {

static_assert(std::endian::native == std::endian::little, "the byte swaps below assume it");

// Postgres' binary formats are big-endian.

inline std::uint16_t swap_bytes(std::uint16_t value) {
  return __builtin_bswap16(value);
}
inline std::uint32_t swap_bytes(std::uint32_t value) {
  return __builtin_bswap32(value);
}

template <typename T>
T load_big_endian(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return swap_bytes(value);
}

template <typename T>
char* store_big_endian(char* to, T value) {
  const T swapped = swap_bytes(value);
  std::memcpy(to, &swapped, sizeof swapped);
  return to + sizeof swapped;
}

} // namespace embedctl::pg
