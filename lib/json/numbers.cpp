#include "json/numbers.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>

namespace embedctl::json {

namespace {

static_assert(std::endian::native == std::endian::little, "the first digit is the lowest byte");

constexpr std::array k_fractions = {1e0,   1e-1,  1e-2,  1e-3,  1e-4,  1e-5,  1e-6,  1e-7,
                                    1e-8,  1e-9,  1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15,
                                    1e-16, 1e-17, 1e-18, 1e-19, 1e-20, 1e-21, 1e-22};
constexpr std::array<std::uint64_t, 8> k_powers = {1,      10,      100,       1'000,
                                                   10'000, 100'000, 1'000'000, 10'000'000};
constexpr std::ptrdiff_t k_most_digits = 19; // that always fit into 64 bits

// Numbers that need more may be too large for a double.
constexpr std::ptrdiff_t k_longest_exponent = 2;
constexpr std::ptrdiff_t k_longest_number = 100;

// A double that is a few steps from the number rounds to the number's float, unless the middle
// between two floats is as near, or it is below the normal ones.
bool is_safe_to_round(double number) {
  constexpr std::uint64_t k_dropped_bits = 0x1fffffff;
  constexpr std::uint64_t k_half_of_them = 0x10000000;
  constexpr std::uint64_t k_steps = 16;
  const double size = std::fabs(number);
  const std::uint64_t dropped = std::bit_cast<std::uint64_t>(number) & k_dropped_bits;
  return dropped - (k_half_of_them - k_steps) > 2 * k_steps
         && size <= std::numeric_limits<float>::max()
         && (size >= std::numeric_limits<float>::min() || size == 0);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// How many of eight bytes are digits, up to the first that is none.
unsigned digits_in_front(std::uint64_t bytes) {
  constexpr std::uint64_t k_high_halves = 0xf0f0'f0f0'f0f0'f0f0;
  constexpr std::uint64_t k_of_digits = 0x3030'3030'3030'3030;
  // Adding 6 takes what stands above '9' out of that half. It may carry, into later bytes alone.
  const std::uint64_t others = ((bytes & k_high_halves) ^ k_of_digits)
                               | (((bytes + 0x0606'0606'0606'0606) & k_high_halves) ^ k_of_digits);
  return static_cast<unsigned>(std::countr_zero(others)) / 8;
}

// Pairs of digits, then of pairs, then of those, all at once.
std::uint64_t value_of_eight_digits(std::uint64_t bytes) {
  bytes = (bytes & 0x0f0f'0f0f'0f0f'0f0f) * (1 + (10 << 8)) >> 8;
  bytes = (bytes & 0x00ff'00ff'00ff'00ff) * (1 + (100 << 16)) >> 16;
  return (bytes & 0x0000'ffff'0000'ffff) * (1 + (std::uint64_t{10'000} << 32)) >> 32;
}

// Goes through a text that ends in anything but a digit.
class NumberScanner {
public:
  NumberScanner(const char* at, const char* end) : m_at(at), m_end(end) {}

  const char* at() const { return m_at; }

  void skip_space() {
    while (m_at != m_end && (*m_at == ' ' || *m_at == '\t' || *m_at == '\r'))
      ++m_at;
  }

  bool take(char c) {
    if (m_at == m_end || *m_at != c)
      return false;
    ++m_at;
    return true;
  }

  // False where no number stands, or one of unusual size.
  bool number(float& value) {
    const char* const start = m_at;
    const bool negative = take_minus();
    std::uint64_t digits = 0;
    const char* const whole = m_at;
    if (!take('0')) // most numbers of a vector are below 1
      read_digits(digits);
    std::ptrdiff_t count = m_at - whole;
    if (count == 0 || (*whole == '0' && m_at != m_end && is_digit(*m_at)))
      return false;
    std::ptrdiff_t exponent = 0;
    if (take('.')) {
      const char* const fraction = m_at;
      read_digits(digits);
      exponent = fraction - m_at;
      if (exponent == 0)
        return false;
      count -= exponent;
    }
    if ((take('e') || take('E')) && !read_exponent(exponent))
      return false;
    if (m_at - start > k_longest_number)
      return false;
    if (count <= k_most_digits && exponent <= 0 && -exponent < std::ssize(k_fractions)) {
      // Three roundings, each by half a step of a double at most.
      const double size =
          static_cast<double>(digits) * k_fractions[static_cast<std::size_t>(-exponent)];
      if (is_safe_to_round(size)) {
        // A sign is a coin toss, which no processor foresees: no branch on it.
        value = std::bit_cast<float>(
            std::bit_cast<std::uint32_t>(static_cast<float>(size))
            | static_cast<std::uint32_t>(negative) << 31);
        return true;
      }
    }
    value = nearest_float({start, static_cast<std::size_t>(m_at - start)});
    return std::isfinite(value);
  }

private:
  bool take_minus() {
    const bool minus = m_at != m_end && *m_at == '-';
    m_at += minus;
    return minus;
  }

  void read_digits(std::uint64_t& value) {
    for (std::uint64_t bytes = 0; m_end - m_at >= 8; m_at += 8) {
      std::memcpy(&bytes, m_at, sizeof(bytes));
      const unsigned count = digits_in_front(bytes);
      if (count == 8) {
        value = value * 100'000'000 + value_of_eight_digits(bytes);
        continue;
      }
      // What is shifted in counts as zeros in front.
      value = value * k_powers[count] + value_of_eight_digits(bytes << 8 << (7 - count) * 8);
      m_at += count;
      return;
    }
    for (; m_at != m_end && is_digit(*m_at); ++m_at)
      value = value * 10 + static_cast<std::uint64_t>(*m_at - '0');
  }

  // Adds what stands behind the "e".
  bool read_exponent(std::ptrdiff_t& exponent) {
    const bool negative = take_minus();
    if (!negative)
      take('+');
    std::ptrdiff_t value = 0;
    const char* const digits = m_at;
    while (m_at != m_end && is_digit(*m_at) && m_at - digits <= k_longest_exponent)
      value = value * 10 + (*m_at++ - '0');
    exponent += negative ? -value : value;
    return m_at > digits && m_at - digits <= k_longest_exponent;
  }

  const char* m_at;
  const char* m_end;
};

} // namespace

float nearest_float(std::string_view text) {
  float nearest = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), nearest).ec == std::errc{})
    return nearest;
  double number = 0; // stays so where even a double is too small
  std::from_chars(text.data(), text.data() + text.size(), number);
  const float size = std::fabs(number) < 1 ? 0.0F : std::numeric_limits<float>::infinity();
  return text.starts_with('-') ? -size : size;
}

std::size_t read_numbers(std::string_view text, std::vector<float>& out) {
  out.clear();
  NumberScanner scanner(text.data(), text.data() + text.size());
  if (!scanner.take('['))
    return 0;
  do {
    scanner.skip_space();
    float value = 0;
    if (!scanner.number(value))
      return 0;
    out.push_back(value);
    scanner.skip_space();
  } while (scanner.take(','));
  return scanner.take(']') ? static_cast<std::size_t>(scanner.at() - text.data()) : 0;
}

} // namespace embedctl::json
