#include "requests/vector_reader.hpp"

#include "base/bytes.hpp"
#include "json/numbers.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

namespace embedctl::requests {

namespace {

static_assert(
    std::endian::native == std::endian::little, "base64 vectors are little-endian floats");

bool all_finite(std::span<const float> values) {
  // NaN and infinity have the highest exponent; adding one to it carries into the sign bit.
  std::uint32_t carried = 0;
  for (const float value : values)
    carried |= (std::bit_cast<std::uint32_t>(value) & 0x7fffffff) + 0x00800000;
  return carried >> 31 == 0;
}

} // namespace

std::string_view flat_array(std::string_view text) {
  const std::size_t end = text.starts_with('[') ? text.find_first_of("[]{}\"", 1) : text.npos;
  return end != text.npos && text[end] == ']' ? text.substr(0, end + 1) : std::string_view();
}

std::size_t VectorReader::read_plain(std::string_view text) {
  if (!text.starts_with('"'))
    return json::read_numbers(text, m_values);
  const std::size_t end = text.find('"', 1);
  return end != std::string_view::npos
                 && std::holds_alternative<Embedding>(read_base64(text.substr(1, end - 1)))
             ? end + 1
             : 0;
}

Answer VectorReader::read_array(std::string_view text) {
  return json::read_numbers(text, m_values) > 0 ? plain() : parse_array(flat_array(text));
}

// Numbers of unusual size, or what some servers write for numbers: NaN fails one row by name, and
// does not make its line a damaged one.
Answer VectorReader::parse_array(std::string_view array) {
  if (array.empty() || !json::parse_numbers(array, m_values))
    return failure("bad_number", "the embedding contains a value that is not a finite number");
  if (!all_finite(m_values))
    return failure("not_finite", "the embedding contains a number too large for a 32-bit float");
  return Embedding{m_values};
}

Answer VectorReader::read_base64(std::string_view base64) {
  if (!from_base64(base64, m_bytes) || m_bytes.size() % sizeof(float) != 0)
    return failure("bad_base64", "the embedding is not valid base64 of 32-bit floats");
  m_values.resize(m_bytes.size() / sizeof(float));
  if (!m_values.empty())
    std::memcpy(m_values.data(), m_bytes.data(), m_bytes.size());
  if (!all_finite(m_values))
    return failure("not_finite", "the embedding contains NaN or infinity");
  return Embedding{m_values};
}

} // namespace embedctl::requests
