#include "requests/embedding_reader.hpp"

#include "base/bytes.hpp"

#include "requests/outcome.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <span>

#include <fmt/format.h>

using namespace embedctl;
using namespace embedctl::test;

namespace {

void check_same_as_strtof(const std::string& text) {
  INFO(text);
  const auto outcome = read_embedding("[" + text + "]");
  const float expected = std::strtof(text.c_str(), nullptr);
  REQUIRE(outcome.values);
  REQUIRE(outcome.values->size() == 1);
  CHECK(
      std::bit_cast<std::uint32_t>(outcome.values->front())
      == std::bit_cast<std::uint32_t>(expected));
}

std::string base64_of(const std::vector<float>& values) {
  return "\"" + to_base64(std::as_bytes(std::span(values))) + "\"";
}

} // namespace

TEST_CASE("a vector is read from an array and from base64 alike", "[requests]") {
  const std::vector<float> values = {0.25F, -1.5F, 3e-5F, 0, -0.0F};
  CHECK(read_embedding("[0.25,-1.5,3e-5,0,-0.0]").values == values);
  CHECK(read_embedding("[ 0.25 ,\t-1.5 , 3E-5, 0.0e0, -0 ]").values == values);
  CHECK(read_embedding(base64_of(values)).values == values);
  CHECK(read_embedding("\"AACAPgAAwL8=\"").values == std::vector{0.25F, -1.5F});
  CHECK(read_embedding("\"AACAPgAAwL8\\u003d\"").values == std::vector{0.25F, -1.5F});
  const auto zeros = *read_embedding("[0,-0.0,-0]").values;
  CHECK(std::signbit(zeros[1]));
  CHECK_FALSE(std::signbit(zeros[0]));
}

TEST_CASE("an empty vector has no numbers", "[requests]") {
  CHECK(read_embedding("[]").values == std::vector<float>{});
  CHECK(read_embedding("\"\"").values == std::vector<float>{});
}

TEST_CASE("every number is the float nearest to its text", "[requests]") {
  for (const char* text :
       {"0", "-0", "1", "-1", "123456789", "16777217", "33554431", "0.1", "-0.009327292",
        "0.0023064255", "1e-50", "-1e-50", "1e-400", "1e-45", "7e-46", "7.1e-46", "1.1754942e-38",
        "1.17549435e-38", "1.1754943e-38", "5e-324", "3.4028235e38", "3.40282356e38",
        "3.4028235677973362e38", "123456789012345678901234567890", "0.3333333333333333333333333333",
        "1e0", "1E+5", "0e5", "0.0e-999",
        // Just beside the middle between two floats, and so near it that a double is the middle.
        "1.000000059604644775390625", "1.0000000596046447753906250000000000001",
        "1.0000000596046447753906249999999999999", "1.00000017881393432617187499999999",
        "0.500000029802322387695312500000000001", "8388609.5000000000000000001", "9007199791611905",
        "1.4012984643248170e-45", "2.1019476964872256e-45", "7.0064923216240854e-46",
        "7.0064923216240853e-46"})
    check_same_as_strtof(text);
}

TEST_CASE("random numbers of many digits are read as strtof reads them", "[requests]") {
  std::mt19937 random(7);
  std::vector<std::string> texts;
  for (int i = 0; i < 20'000; ++i) {
    const auto bits = static_cast<std::uint32_t>(random());
    const float low = std::bit_cast<float>(bits & 0x7f7fffffu);
    const float high = std::nextafter(low, std::numeric_limits<float>::max());
    const double middle = (static_cast<double>(low) + static_cast<double>(high)) / 2;
    texts.push_back(fmt::format("{:.{}e}", low, random() % 20));
    texts.push_back(fmt::format("{:.{}e}", middle, 15 + random() % 50));
  }
  std::string array = "[";
  for (const auto& text : texts)
    array += text + ",";
  array.back() = ']';
  const auto outcome = read_embedding(array);
  REQUIRE(outcome.values);
  REQUIRE(outcome.values->size() == texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const float expected = std::strtof(texts[i].c_str(), nullptr);
    if (std::bit_cast<std::uint32_t>((*outcome.values)[i])
        != std::bit_cast<std::uint32_t>(expected))
      FAIL_CHECK(texts[i] << " became " << (*outcome.values)[i]);
  }
}

TEST_CASE("numbers that do not fit into a vector are rejected", "[requests]") {
  for (const char* text : {"1e39", "-1e39", "3.4028236e38", "3.40282356779733661637540e38"}) {
    INFO(text);
    CHECK(read_embedding("[0," + std::string(text) + "]").code == "not_finite");
  }
  for (const char* text :
       {"NaN", "Infinity", "-Infinity", "nan", "null", "true", "\"0.5\"", "[1]", "{}", "01", ".5",
        "1.", "+1", "0x1", "1e", "-", "1e400", "1e99999999999"}) {
    INFO(text);
    CHECK(read_embedding("[0," + std::string(text) + "]").code == "bad_number");
  }
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float bad : {infinity, -infinity, nan})
    CHECK(read_embedding(base64_of({0, bad, 1})).code == "not_finite");
  const float most = std::numeric_limits<float>::max();
  CHECK(read_embedding(base64_of({most, most, -most})).values);

  CHECK(
      read_embedding("[1e39]").message
      == "the embedding contains a number too large for a 32-bit float");
  CHECK(
      read_embedding("[NaN]").message
      == "the embedding contains a value that is not a finite number");
  CHECK(read_embedding(base64_of({nan})).message == "the embedding contains NaN or infinity");
}

TEST_CASE("base64 that does not encode floats is rejected", "[requests]") {
  for (const char* bad :
       {"\"AACAPg\"", "\"AACAPgA=\"", "\"AACAPgAA\"", "\"AACA PgA=\"", "\"%\"", "\"AACAPgAAwL8==\"",
        "\"AACAPgAAwL9=\""})
    CHECK(read_embedding(bad).code == "bad_base64");
  CHECK(read_embedding("\"%\"").message == "the embedding is not valid base64 of 32-bit floats");
}

TEST_CASE("an answer without exactly one embedding says what is wrong", "[requests]") {
  const auto with_body = [](const std::string& body) {
    return read_one(R"({"custom_id":"a","response":{"status_code":200,"body":)" + body + "}}");
  };
  CHECK(with_body("null").code == "no_embedding");
  CHECK(with_body("[]").code == "no_embedding");
  CHECK(with_body("{}").code == "no_embedding");
  CHECK(with_body(R"({"data":null})").code == "no_embedding");
  CHECK(with_body(R"({"data":[]})").code == "no_embedding");
  CHECK(with_body(R"({"data":[1]})").code == "no_embedding");
  CHECK(with_body(R"({"data":[{}]})").code == "no_embedding");
  CHECK(with_body(R"({"data":[{"embedding":null}]})").code == "no_embedding");
  CHECK(with_body(R"({"data":[{"embedding":5}]})").code == "no_embedding");
  CHECK(
      with_body(R"({"data":[{"embedding":[1]},{"embedding":[1]}]})").code == "too_many_embeddings");

  CHECK(with_body("null").message == "the response has no body");
  CHECK(with_body("{}").message == "the response contains no embedding");
  CHECK(
      with_body(R"({"data":[{"embedding":5}]})").message
      == "the embedding is neither an array nor a string");
  CHECK(
      with_body(R"({"data":[{"embedding":[1]},{"embedding":[1]}]})").message
      == "the response contains more than one embedding");
}

TEST_CASE("a vector that was cut short is not used", "[requests]") {
  for (const char* cut :
       {"[0.125,0.25,0.", "[0.125,0.2", "[0.125,", "[0.125", "[", "\"AACAPgAAwL8="}) {
    const auto outcomes = read(
        R"({"custom_id":"a","response":{"status_code":200,"body":{"data":[{"embedding":)"
        + std::string(cut));
    REQUIRE(outcomes.size() == 1);
    CHECK_FALSE(outcomes[0].values);
  }
}

TEST_CASE("only the numbers of the embedding itself are used", "[requests]") {
  const auto line = [](const std::string& before, const std::string& item) {
    return R"({"custom_id":"a",)" + before + R"("response":{"status_code":200,"body":{"data":[)"
           + item + R"(],"usage":{"embedding":[4,4]}}}})";
  };
  const std::string item = R"({"object":"embedding","index":0,"embedding":[0.5,0.25]})";
  const std::vector values = {0.5F, 0.25F};
  CHECK(read_one(line("", item)).values == values);
  for (const char* before :
       {R"("embedding":[1,2,3],)", R"("embedding":{"embedding":[1,2,3]},)", R"("embedding":[],)",
        R"("x":["embedding",[1,2,3]],)", R"("x":"\"embedding\":[1,2,3]",)",
        R"("x":{"embedding" : [1,2,3]},)", R"("embedding":[1,[2]],)",
        R"("embedding":"[1,2,3]",)"}) {
    INFO(before);
    const auto outcome = read_one(line(before, item));
    CHECK(outcome.id == "a");
    CHECK(outcome.values == values);
  }
  CHECK(read_one(line("", R"({"embedding" : [ 0.5 , 0.25 ] })")).values == values);
  CHECK(
      read_one(line("", R"({"index":0,"x":{"embedding":[1,2]},"embedding":[0.5,0.25]})")).values
      == values);
  CHECK(read_one(line("", item + "," + item)).code == "too_many_embeddings");
  CHECK(read_one(line("", R"({"x":1})")).code == "no_embedding");
  CHECK(read_one(line("", R"({"x":{"embedding":[1,2]}})")).code == "no_embedding");
  CHECK(read_one(line("", R"({"embedding":7},{"embedding":[1,2]})")).code == "no_embedding");
  CHECK(read_one(line("", R"({"embedding":[1e39]})")).code == "not_finite");
  // Numbers that are read the slow way, the first ones behind a decoy.
  CHECK(
      read_one(line(R"("embedding":[1],)", R"({"embedding":[0.50000000000000000000,0.25]})")).values
      == values);
  CHECK(read_one(line("", R"({"embedding":[0.50000000000000000000,0.25e000]})")).values == values);
  // The control character stands in a string, which cutting the numbers out makes a sound one.
  const auto damaged = read_one(line("\"x\":{\"y\"embedding\":[1,\t2]\"},", item));
  CHECK_FALSE(damaged.id);
  CHECK_FALSE(damaged.values);
}
