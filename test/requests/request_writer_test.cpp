#include "requests/request_writer.hpp"

#include "base/error.hpp"
#include "json/value.hpp"
#include "requests/models.hpp"

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

TEST_CASE("a width is asked for only where it must be", "[requests]") {
  const auto sent = [](const std::string& model, std::optional<int> dims) {
    const Request request = requests::embed_request(model, dims, 1536);
    RequestWriter writer(request);
    const auto root = json::Document::parse(writer.line("id", "text"), "the line").root();
    CHECK(request.model == model);
    CHECK(request.dims == dims.value_or(1536));
    return root.find("body")->integer("dimensions");
  };
  CHECK(sent("text-embedding-3-small", std::nullopt) == std::nullopt);
  CHECK(sent("text-embedding-3-small", 1536) == std::nullopt);
  CHECK(sent("text-embedding-3-small", 768) == 768);
  CHECK(sent("text-embedding-3-large", std::nullopt) == 1536);
  CHECK(sent("text-embedding-3-large", 3072) == std::nullopt);
  CHECK(sent("text-embedding-ada-002", std::nullopt) == std::nullopt);
  CHECK(sent("text-embedding-ada-002", 1536) == std::nullopt);
  CHECK(sent("some-other-model", std::nullopt) == std::nullopt);
  CHECK(sent("some-other-model", 1536) == 1536);
}

TEST_CASE("a width that a model does not have is refused", "[requests]") {
  const auto refusal = [](const std::string& model, int dims) -> std::string {
    try {
      requests::embed_request(model, dims, 1536);
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::usage);
      CHECK_FALSE(error.hint().empty());
      return error.what();
    }
    return "accepted";
  };
  CHECK(refusal("text-embedding-ada-002", 768) == "text-embedding-ada-002 has 1536 dimensions, not 768");
  CHECK(
      refusal("text-embedding-3-small", 1537)
      == "text-embedding-3-small has at most 1536 dimensions, not 1537");
  CHECK(refusal("text-embedding-3-large", 3072) == "accepted");
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
