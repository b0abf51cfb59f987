#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace embedctl::json {

// The float nearest to a text that is known to be a JSON number, and not too large for a double;
// infinite where it is too large for a float.
float nearest_float(std::string_view number);

// Reads the array of plain numbers at the front of `text`, each to the nearest float, several times
// faster than a parser that must expect anything. Returns how long the array is; 0 where anything
// else is there: then `out` is of no use, and a parser has to say what it is.
std::size_t read_numbers(std::string_view text, std::vector<float>& out);

} // namespace embedctl::json
