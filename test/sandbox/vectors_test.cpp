#include "sandbox/vectors.hpp"

#include "base/bytes.hpp"

#include "support/catch.hpp"

#include <cmath>
#include <cstring>
#include <numeric>
#include <sstream>

using namespace embedctl;
using namespace embedctl::sandbox;

namespace {

double similarity(const std::string& a, const std::string& b) {
  const auto x = embed(a, 1536);
  const auto y = embed(b, 1536);
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
}

double length(const std::vector<float>& vector) {
  return std::sqrt(std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0));
}

} // namespace

TEST_CASE("a vector has the asked width and unit length, whatever the text", "[sandbox]") {
  for (const int dims : {1, 8, 1536, 3072})
    for (const char* text : {"a pump", "", "!!!", "\xf0\x9f\x98\x80", "the of a"}) {
      const auto vector = embed(text, dims);
      REQUIRE(vector.size() == static_cast<std::size_t>(dims));
      CHECK(std::abs(length(vector) - 1) < 1e-5);
    }
}

TEST_CASE("the same text has the same vector for ever", "[sandbox]") {
  CHECK(embed("a pump leaks", 64) == embed("a pump leaks", 64));
  const auto vector = embed("a pump leaks", 4);
  const std::vector<double> as_it_was = {-0.79565, 0.04718, -0.01388, -0.60376};
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(std::abs(double{vector[i]} - as_it_was[i]) < 1e-5);
}

TEST_CASE("any two texts have different vectors, however little they differ", "[sandbox]") {
  CHECK(embed("a pump", 1536) != embed("a  pump", 1536));
  CHECK(embed("a pump", 1536) != embed("A pump", 1536));
}

TEST_CASE("texts about the same thing are nearer than others", "[sandbox]") {
  const std::string question = "why does my hydraulic pump leak oil?";
  const double same = similarity(
      question, "Oil leaking from the shaft seal of the hydraulic pump: replace the seal.");
  const double other =
      similarity(question, "Set the display language of the control panel in the settings menu.");
  CHECK(same > 0.3);
  CHECK(other < 0.15);
  CHECK(similarity("The pump is leaking", "THE PUMP IS LEAKING") > 0.9);
  CHECK(similarity("leak", "leaking") > similarity("leak", "display"));
}

TEST_CASE("a vector survives both encodings bit for bit", "[sandbox]") {
  auto vector = embed("the hydraulic pump leaks", 300);
  vector[0] = -0.0F;
  vector[1] = 1e-40F;
  vector[2] = 1.17549435e-38F;

  std::string floats;
  append_vector(floats, vector, Encoding::floats);
  REQUIRE(floats.front() == '[');
  REQUIRE(floats.back() == ']');
  std::istringstream numbers(floats.substr(1));
  std::vector<float> parsed;
  for (std::string number; std::getline(numbers, number, ',');)
    parsed.push_back(std::strtof(number.c_str(), nullptr));
  REQUIRE(parsed.size() == vector.size());
  CHECK(std::memcmp(parsed.data(), vector.data(), vector.size() * sizeof(float)) == 0);

  std::string base64;
  append_vector(base64, vector, Encoding::base64);
  std::vector<std::byte> bytes;
  REQUIRE(from_base64(std::string_view(base64).substr(1, base64.size() - 2), bytes));
  REQUIRE(bytes.size() == vector.size() * sizeof(float));
  CHECK(std::memcmp(bytes.data(), vector.data(), bytes.size()) == 0);
}
