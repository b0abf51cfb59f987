#pragma once

#include "requests/answer.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace embedctl::requests {

// Reads vectors, written as JSON arrays or as base64 of little-endian 32-bit floats. What it
// returns is valid until the next call.
class VectorReader {
public:
  // Reads the vector at the front of a text if it is a plain one, in either form. Returns how long
  // it is, or 0.
  std::size_t read_plain(std::string_view text);

  // The vector that read_plain() read.
  Embedding plain() const { return Embedding{m_values}; }

  // Reads the array at the front of a text, whatever is in it. Behind the text there must be
  // json::LineReader::k_padding readable bytes.
  Answer read_array(std::string_view text);

  // The same, for an array that is not plain; `array` is all of it, or empty if it is not flat.
  Answer parse_array(std::string_view array);

  Answer read_base64(std::string_view base64);

private:
  std::vector<float> m_values;
  std::vector<std::byte> m_bytes;
};

// The array at the front of a text if nothing in it is quoted or nested; else empty.
std::string_view flat_array(std::string_view text);

} // namespace embedctl::requests
