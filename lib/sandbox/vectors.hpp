#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl::sandbox {

// A unit vector for the text: signed feature hashing of its words and their character trigrams
// (ASCII letters lowercased), so that texts that share words, or parts of words, are near. A faint
// grain from the exact bytes keeps any two texts apart and fills every dimension, as a model's
// vector does. The same text and width give the same vector on every machine.
std::vector<float> embed(std::string_view text, int dims);

enum class Encoding { floats, base64 };

// Appends the vector as a JSON value: an array of the shortest decimals that give the same floats
// back, or a string of base64 over little-endian float32.
void append_vector(std::string& out, std::span<const float> vector, Encoding encoding);

} // namespace embedctl::sandbox
