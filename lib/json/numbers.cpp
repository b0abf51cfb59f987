#include "json/numbers.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace embedctl::json {

namespace {

static_assert(std::endian::native == std::endian::little, "the first digit is the lowest byte");

// Powers of ten that a double holds exactly.
constexpr std::array k_powers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr std::uint64_t k_exact_below = std::uint64_t{1} << 53;
constexpr std::ptrdiff_t k_most_digits = 19; // that always fit into 64 bits

// Numbers that need more may be too large for a double.
constexpr std::ptrdiff_t k_longest_exponent = 2;
constexpr std::ptrdiff_t k_longest_number = 100;

// A double that stands exactly between two floats, or is below the normal ones, has been rounded
// already and must not be rounded again; and release 3.0 of simdjson takes "0." with more than 19
// significant digits for quite another number.
bool is_safe_to_round(double number, std::size_t length) {
  constexpr std::size_t k_longest_text = 22; // "-0." and 19 digits
  constexpr std::uint64_t k_dropped_bits = 0x1fffffff;
  constexpr std::uint64_t k_half_of_them = 0x10000000;
  const double size = std::fabs(number);
  return length <= k_longest_text
         && (std::bit_cast<std::uint64_t>(number) & k_dropped_bits) != k_half_of_them
         && size <= std::numeric_limits<float>::max()
         && (size >= std::numeric_limits<float>::min() || size == 0);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool are_eight_digits(std::uint64_t bytes) {
  return ((bytes & 0xf0f0'f0f0'f0f0'f0f0)
          | ((bytes + 0x0606'0606'0606'0606) & 0xf0f0'f0f0'f0f0'f0f0) >> 4)
         == 0x3333'3333'3333'3333;
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
    const bool negative = take('-');
    std::uint64_t digits = 0;
    const char* const whole = m_at;
    read_digits(digits);
    std::ptrdiff_t count = m_at - whole;
    if (count == 0 || (count > 1 && *whole == '0'))
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
    const bool scientific = m_at != m_end && (*m_at | 0x20) == 'e';
    if ((scientific && !skip_exponent()) || m_at - start > k_longest_number)
      return false;
    const std::string_view text(start, static_cast<std::size_t>(m_at - start));
    if (scientific || count > k_most_digits || digits >= k_exact_below
        || exponent < -static_cast<std::ptrdiff_t>(k_powers.size() - 1)) {
      value = nearest_float(text);
    } else {
      // Both are exact, so this is the double nearest to the text.
      const double size =
          static_cast<double>(digits) / k_powers[static_cast<std::size_t>(-exponent)];
      value = nearest_float(text, negative ? -size : size);
    }
    return std::isfinite(value);
  }

private:
  void read_digits(std::uint64_t& value) {
    for (std::uint64_t bytes = 0; m_end - m_at >= 8; m_at += 8) {
      std::memcpy(&bytes, m_at, sizeof(bytes));
      if (!are_eight_digits(bytes))
        break;
      value = value * 100'000'000 + value_of_eight_digits(bytes);
    }
    for (; m_at != m_end && is_digit(*m_at); ++m_at)
      value = value * 10 + static_cast<std::uint64_t>(*m_at - '0');
  }

  bool skip_exponent() {
    ++m_at;
    if (!take('+'))
      take('-');
    const char* const digits = m_at;
    while (m_at != m_end && is_digit(*m_at))
      ++m_at;
    const std::ptrdiff_t count = m_at - digits;
    return count > 0 && count <= k_longest_exponent;
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

float nearest_float(std::string_view text, double nearest) {
  return is_safe_to_round(nearest, text.size()) ? static_cast<float>(nearest) : nearest_float(text);
}

bool read_numbers(std::string_view text, std::vector<float>& out) {
  out.clear();
  NumberScanner scanner(text.data(), text.data() + text.size());
  if (!scanner.take('['))
    return false;
  do {
    scanner.skip_space();
    float value = 0;
    if (!scanner.number(value))
      return false;
    out.push_back(value);
    scanner.skip_space();
  } while (scanner.take(','));
  return scanner.take(']');
}

} // namespace embedctl::json
