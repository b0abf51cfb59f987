#include "sandbox/vectors.hpp"

#include "base/bytes.hpp"
#include "sandbox/hash.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <numeric>

namespace embedctl::sandbox {

namespace {

static_assert(std::endian::native == std::endian::little, "base64 vectors are little-endian");

constexpr std::uint64_t k_word_seed = 1;
constexpr std::uint64_t k_trigram_seed = 2;
constexpr std::uint64_t k_grain_seed = 3;

// Short words are mostly articles and prepositions, which say little about what a text is about.
constexpr std::size_t k_short_word = 3;
constexpr float k_short_word_weight = 0.25F;

// The length of the grain, relative to the features': too faint to change who is near to whom.
constexpr double k_grain = 0.1;

// "-1.17549435e-38" and a comma.
constexpr std::size_t k_longest_float = 16;

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
}

std::string lowercase(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return out;
}

void add_feature(std::vector<float>& vector, std::uint64_t feature, float weight) {
  const bool negative = (feature >> 63) != 0;
  vector[feature % vector.size()] += negative ? -weight : weight;
}

void add_word(std::vector<float>& vector, std::string_view word, std::string& padded) {
  if (word.size() <= k_short_word) {
    add_feature(vector, hash(word, k_word_seed), k_short_word_weight);
    return;
  }
  add_feature(vector, hash(word, k_word_seed), 1);
  padded.assign("^").append(word).append("$");
  const std::size_t trigrams = padded.size() - 2;
  const float weight = 1 / std::sqrt(static_cast<float>(trigrams));
  for (std::size_t i = 0; i < trigrams; ++i)
    add_feature(vector, hash(std::string_view(padded).substr(i, 3), k_trigram_seed), weight);
}

double length_of(const std::vector<float>& vector) {
  return std::sqrt(std::accumulate(vector.begin(), vector.end(), 0.0, [](double sum, float x) {
    return sum + double{x} * double{x};
  }));
}

void add_grain(std::vector<float>& vector, std::string_view text) {
  const double features = length_of(vector);
  const double amplitude =
      k_grain * (features > 0 ? features : 1) * std::sqrt(3.0 / static_cast<double>(vector.size()));
  std::uint64_t state = hash(text, k_grain_seed);
  for (float& x : vector) {
    const double unit = static_cast<double>(next_random(state) >> 11) * 0x1p-53;
    x += static_cast<float>(amplitude * (2 * unit - 1));
  }
}

void append_floats(std::string& out, std::span<const float> vector) {
  const std::size_t start = out.size();
  out.resize(start + vector.size() * k_longest_float + 2);
  char* at = out.data() + start;
  char* const end = out.data() + out.size();
  *at++ = '[';
  for (std::size_t i = 0; i < vector.size(); ++i) {
    if (i > 0)
      *at++ = ',';
    at = std::to_chars(at, end, vector[i]).ptr;
  }
  *at++ = ']';
  out.resize(static_cast<std::size_t>(at - out.data()));
}

} // namespace

std::vector<float> embed(std::string_view text, int dims) {
  std::vector<float> vector(static_cast<std::size_t>(dims));
  const std::string lower = lowercase(text);
  std::string padded;
  for (std::size_t i = 0; i < lower.size();) {
    if (!is_word_char(lower[i])) {
      ++i;
      continue;
    }
    const std::size_t from = i;
    while (i < lower.size() && is_word_char(lower[i]))
      ++i;
    add_word(vector, std::string_view(lower).substr(from, i - from), padded);
  }
  add_grain(vector, text);
  const double length = length_of(vector);
  for (float& x : vector)
    x = static_cast<float>(double{x} / length);
  return vector;
}

void append_vector(std::string& out, std::span<const float> vector, Encoding encoding) {
  if (encoding == Encoding::floats) {
    append_floats(out, vector);
    return;
  }
  out += '"';
  out += to_base64(std::as_bytes(vector));
  out += '"';
}

} // namespace embedctl::sandbox
