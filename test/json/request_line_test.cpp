#include "json/request_line.hpp"

#include "json/utf8.hpp"
#include "json/value.hpp"

#include "support/catch.hpp"

using namespace embedctl::json;

namespace {

RequestLine some_line() {
  return RequestLine({"/v1/embeddings", "text-embedding-3-small", 1536, "base64"});
}

} // namespace

TEST_CASE("a request line is what the Batch API takes", "[json]") {
  auto line = some_line();
  CHECK(
      line.format("id-1", "some text")
      == R"({"custom_id":"id-1","method":"POST","url":"/v1/embeddings","body":)"
         R"({"model":"text-embedding-3-small","dimensions":1536,"encoding_format":"base64",)"
         R"("input":"some text"}})"
         "\n");
}

TEST_CASE("key and text reach the provider exactly as stored, each in its own line", "[json]") {
  auto line = some_line();
  for (const std::string& text :
       {std::string("quotes \" and \\ and \n newlines \r\n \t"), std::string("\x01\x1f\x7f\b\f"),
        std::string("\xe2\x80\xa8\xe2\x80\xa9 \xf0\x9f\xa7\xaf"), std::string(300'000, '"'),
        std::string("short again")}) {
    const std::string_view formatted = line.format(text, text);
    CHECK(formatted.find('\n') == formatted.size() - 1);
    const auto root = Document::parse(formatted, "the line").root();
    CHECK(root.string("custom_id") == text);
    CHECK(root.find("body")->string("input") == text);
  }
}

TEST_CASE("what is no UTF-8 is known", "[json]") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("\xf0\x9f\xa7\xaf\xc2\xa0"));
  for (const char* bad : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x80"})
    CHECK_FALSE(is_utf8(bad));
}
