#include "json/line_reader.hpp"
#include "json/numbers.hpp"

#include "support/catch.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

#include <fmt/format.h>

using namespace embedctl::json;

namespace {

// A number in one of the ways in which servers write them.
std::string written(std::mt19937_64& random) {
  const auto bits = static_cast<std::uint32_t>(random());
  float value = std::bit_cast<float>(bits);
  if (random() % 2 == 0 || !std::isfinite(value))
    value = static_cast<float>(static_cast<std::int64_t>(random())) / 9.3e18F; // as vectors have
  switch (random() % 7) {
  case 0:
    return fmt::format("{}", value);
  case 1:
    return fmt::format("{:.9g}", value);
  case 2:
    return fmt::format("{}", static_cast<double>(value));
  case 3:
    return fmt::format("{:.{}f}", value, random() % 40);
  case 4: // exactly between two floats, or as near to that as a double comes
    return fmt::format(
        "{:.30f}",
        (static_cast<double>(value) + static_cast<double>(std::nextafterf(value, 2 * value))) / 2);
  case 5: { // the same, written with as many digits as the fast way takes
    double half =
        (static_cast<double>(value) + static_cast<double>(std::nextafterf(value, 2 * value))) / 2;
    for (auto steps = random() % 40; steps > 0; --steps)
      half = std::nextafter(half, random() % 2 == 0 ? 0 : 2 * half);
    return fmt::format("{:.17f}", half);
  }
  default:
    return fmt::format("{:.17e}", static_cast<double>(value));
  }
}

bool parse(const std::string& array, std::vector<float>& out) {
  const std::string padded = array + std::string(LineReader::k_padding, ' ');
  return parse_numbers(std::string_view(padded).substr(0, array.size()), out);
}

} // namespace

TEST_CASE("numbers are read to the nearest float, bit for bit", "[json]") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> texts(1 + random() % 20);
    std::string array = "[";
    for (std::string& text : texts) {
      text = written(random);
      array += (array.size() > 1 ? "," : "") + text + (random() % 3 == 0 ? " " : "");
    }
    array += ']';
    std::vector<float> values;
    INFO(array);
    REQUIRE(read_numbers(array + ",{\"more\":1}", values) == array.size());
    REQUIRE(values.size() == texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i)
      CHECK(
          std::bit_cast<std::uint32_t>(values[i])
          == std::bit_cast<std::uint32_t>(std::strtof(texts[i].c_str(), nullptr)));
  }
}

TEST_CASE("small and signed numbers keep every bit", "[json]") {
  std::vector<float> values;
  REQUIRE(read_numbers("[-0,0,-0.0,1e-45,-1.4e-45,1.1754942e-38,3.4028235e38,1E+2]", values));
  CHECK(std::bit_cast<std::uint32_t>(values[0]) == 0x80000000);
  CHECK(std::bit_cast<std::uint32_t>(values[1]) == 0);
  CHECK(std::bit_cast<std::uint32_t>(values[2]) == 0x80000000);
  CHECK(std::bit_cast<std::uint32_t>(values[3]) == 1);
  CHECK(std::bit_cast<std::uint32_t>(values[4]) == 0x80000001);
  CHECK(std::bit_cast<std::uint32_t>(values[5]) == 0x007fffff);
  CHECK(std::bit_cast<std::uint32_t>(values[6]) == 0x7f7fffff);
  CHECK(values[7] == 100);
}

TEST_CASE("anything but an array of plain numbers is left to parse_numbers", "[json]") {
  std::vector<float> values;
  for (const char* text :
       {"",       "[",       "[]",    "[1",    "[1,",    "[1,]",  "[,1]",    "1]",
        "[01]",   "[-]",     "[.5]",  "[1.]",  "[1e]",   "[1e+]", "[+1]",    "[1 2]",
        "[null]", "[\"1\"]", "[[1]]", "[NaN]", "[1e39]", "[0x1]", "[1.5.5]", "[--1]"}) {
    INFO(text);
    CHECK(read_numbers(text, values) == 0);
  }
}

TEST_CASE("numbers of unusual size are parsed to the nearest float", "[json]") {
  std::vector<float> values;
  for (const std::string& text :
       {std::string("0.25e000"), std::string("-1e-400"),
        std::string("0.500000029802322387695312500000000001"),
        "1.000000059604644775390625" + std::string(100, '0') + "1",
        "16777217." + std::string(200, '0') + "1"}) {
    INFO(text);
    REQUIRE(parse("[1, " + text + "]", values));
    REQUIRE(values.size() == 2);
    CHECK(
        std::bit_cast<std::uint32_t>(values[1])
        == std::bit_cast<std::uint32_t>(std::strtof(text.c_str(), nullptr)));
  }
  CHECK(parse("[]", values));
  CHECK(values.empty());
  REQUIRE(parse("[1e39]", values));
  CHECK(std::isinf(values[0]));
  for (const char* bad :
       {"", "[1e400]", "[NaN]", "[null]", "[\"1\"]", "[1 2]", "[1,]", "[01]", "5"}) {
    INFO(bad);
    CHECK_FALSE(parse(bad, values));
  }
}
