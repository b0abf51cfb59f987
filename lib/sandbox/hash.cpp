#include "sandbox/hash.hpp"

#include <random>

#include <fmt/format.h>

namespace embedctl::sandbox {

namespace {

// SplitMix64's finalizer: every bit of the input moves every bit of the result.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

} // namespace

std::uint64_t hash(std::string_view text, std::uint64_t seed) {
  std::uint64_t fnv = 0xcbf29ce484222325U ^ mix(seed);
  for (const char c : text)
    fnv = (fnv ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return mix(fnv);
}

std::uint64_t next_random(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15U;
  return mix(state);
}

std::string hex(std::uint64_t number) {
  return fmt::format("{:016x}", number);
}

std::string new_id(std::string_view prefix) {
  thread_local std::random_device device;
  return fmt::format("{}{:08x}{:08x}{:08x}", prefix, device(), device(), device());
}

} // namespace embedctl::sandbox
