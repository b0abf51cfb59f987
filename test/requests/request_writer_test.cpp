#include "requests/request_writer.hpp"

#include "json/value.hpp"

#include "support/catch.hpp"

using namespace embedctl;
using embedctl::requests::RequestWriter;

namespace {

RequestWriter some_writer() {
  return RequestWriter({RequestKind::embed, "text-embedding-3-small", 1536, "base64"});
}

} // namespace

TEST_CASE("a request line is what the Batch API takes", "[requests]") {
  auto writer = some_writer();
  CHECK(
      writer.line("id-1", "some text")
      == R"({"custom_id":"id-1","method":"POST","url":"/v1/embeddings","body":)"
         R"({"model":"text-embedding-3-small","dimensions":1536,"encoding_format":"base64",)"
         R"("input":"some text"}})"
         "\n");
}

TEST_CASE("key and text reach the provider exactly as stored, each in its own line", "[requests]") {
  auto writer = some_writer();
  for (const std::string& text :
       {std::string("quotes \" and \\ and \n newlines \r\n \t"), std::string("\x01\x1f\x7f\b\f"),
        std::string("\xe2\x80\xa8\xe2\x80\xa9 \xf0\x9f\xa7\xaf"), std::string(300'000, '"'),
        std::string("short again")}) {
    const std::string_view formatted = writer.line(text, text);
    CHECK(formatted.find('\n') == formatted.size() - 1);
    const auto root = json::Document::parse(formatted, "the line").root();
    CHECK(root.string("custom_id") == text);
    CHECK(root.find("body")->string("input") == text);
  }
}
