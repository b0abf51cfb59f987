#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl::sandbox {

// A unit vector for the text: signed feature hashing of its words and their character trigrams
// (ASCII lower-cased), so that texts that share words or parts of words are close. Faint noise from
// the exact bytes separates any two texts and fills every dimension, as a model's vector does. The
// same text and width give the same vector on every machine.
std::vector<float> embed(std::string_view text, int dims);

enum class Encoding { floats, base64 };

// Appends the vector as a JSON value: an array of the shortest decimals that round-trip, or a
// base64 string of little-endian float32.
void append_vector(std::string& out, std::span<const float> vector, Encoding encoding);

} // namespace embedctl::sandbox
