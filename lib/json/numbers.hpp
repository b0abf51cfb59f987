#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace embedctl::json {

// The float nearest to a text that is known to be a JSON number, and not too large for a double;
// infinite where it is too large for a float.
float nearest_float(std::string_view number);

// Reads the array of plain numbers at the front of `text`, each to the nearest float, several times
// faster than a parser that must expect anything. Returns the length of the array; 0 for anything
// else, and for numbers of unusual size: then `out` is of no use, and parse_numbers() decides.
std::size_t read_numbers(std::string_view text, std::vector<float>& out);

// Reads an array of any numbers, each to the nearest float; infinite where it is too large for a
// float. Returns false if the text is anything else, or a number is too large for a double. Behind
// the text there must be LineReader::k_padding readable bytes.
bool parse_numbers(std::string_view array, std::vector<float>& out);

} // namespace embedctl::json
