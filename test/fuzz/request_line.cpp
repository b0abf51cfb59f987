// Request lines: key and text arrive at a reader of the line exactly as they were.

#include "fuzz/support.hpp"
#include "requests/request_writer.hpp"
#include "json/utf8.hpp"
#include "json/value.hpp"

#include <algorithm>

using namespace embedctl;
using namespace embedctl::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = text_of(data, size);
  const std::size_t cut = std::min(input.find('\t'), size);
  const std::string_view key = input.substr(0, cut);
  const std::string_view text = input.substr(std::min(cut + 1, size));
  if (!json::is_utf8(key) || !json::is_utf8(text))
    return -1; // never sent
  Request request;
  request.model = "text-embedding-3-small";
  request.dims = 1536;
  requests::RequestWriter writer(request);
  const std::string line(writer.line(key, text));
  require(line.find('\n') == line.size() - 1, "a request is one line");
  const auto document = json::Document::try_parse(line);
  require(document.has_value(), "a request is JSON");
  const auto body = document->root().find("body");
  require(body.has_value(), "a request has a body");
  require(document->root().string("custom_id") == key, "the key arrives as it was");
  require(body->string("input") == text, "the text arrives as it was");
  require(body->integer("dimensions") == 1536, "the width arrives as it was");
  return 0;
}
