#include "json/writer.hpp"

#include "json/value.hpp"

#include "support/catch.hpp"

#include <cstdint>
#include <limits>
#include <random>

#include <fmt/format.h>

using namespace embedctl::json;

TEST_CASE("commas and colons come by themselves", "[json]") {
  std::string text;
  Writer writer(text);
  writer.begin_object()
      .field("text", "a")
      .field("number", -1)
      .field("flag", true)
      .key("none")
      .null()
      .key("list")
      .begin_array()
      .value(1)
      .value("two")
      .begin_object()
      .end_object()
      .begin_array()
      .end_array()
      .end_array()
      .key("raw")
      .raw("[1]")
      .end_object();
  CHECK(
      text
      == R"({"text":"a","number":-1,"flag":true,"none":null,"list":[1,"two",{},[]],"raw":[1]})");
}

TEST_CASE("indented JSON is for people", "[json]") {
  std::string text;
  Writer writer(text, Writer::Style::indented);
  writer.begin_object().field("a", 1).key("b").begin_array().value(2).value(3).end_array();
  writer.key("c").begin_array().end_array().end_object();
  CHECK(text == "{\n  \"a\": 1,\n  \"b\": [\n    2,\n    3\n  ],\n  \"c\": []\n}");
}

TEST_CASE("numbers are written whole, and what JSON cannot say is null", "[json]") {
  std::string text;
  Writer writer(text);
  writer.begin_array()
      .value(std::numeric_limits<std::uint64_t>::max())
      .value(std::numeric_limits<std::int64_t>::min())
      .value(0.1)
      .value(1e300)
      .value(std::numeric_limits<double>::infinity())
      .value(std::numeric_limits<double>::quiet_NaN())
      .end_array();
  CHECK(text == "[18446744073709551615,-9223372036854775808,0.1,1e+300,null,null]");
}

TEST_CASE("any text arrives at a reader exactly as it was", "[json]") {
  std::string all;
  for (int c = 0; c < 128; ++c)
    all += static_cast<char>(c);
  for (const std::string& text :
       {all, std::string(), std::string("\xe2\x80\xa8 \xf0\x9f\x98\x80 \xc3\xa9 \"\\/"),
        std::string("\0\0", 2)}) {
    std::string json;
    append_string(json, text);
    CHECK(json.find('\n') == std::string::npos);
    const auto document = Document::try_parse(json);
    REQUIRE(document);
    CHECK(document->root().as_string() == text);
  }
}

TEST_CASE("what is escaped fast is what is escaped byte by byte", "[json]") {
  const auto slowly = [](const std::string& text) {
    std::string json = "\"";
    for (const char c : text)
      if (c == '"' || c == '\\')
        json += {'\\', c};
      else if (c == '\n' || c == '\r' || c == '\t')
        json += {'\\', c == '\n' ? 'n' : c == '\r' ? 'r' : 't'};
      else if (static_cast<unsigned char>(c) < 0x20)
        json += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      else
        json += c;
    return json + '"';
  };
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string text(random() % 40, 'x');
    // From hardly any byte that needs an escape to many, at every place of a word.
    for (std::size_t change = random() % (text.size() + 1); change > 0; --change)
      text[random() % text.size()] = static_cast<char>(random() % 256);
    std::string json;
    append_string(json, text);
    CHECK(json == slowly(text));
  }
}
