#pragma once

#include "requests/answer.hpp"
#include "requests/vector_cutter.hpp"
#include "requests/vector_reader.hpp"
#include "json/lazy_document.hpp"

#include <optional>
#include <string_view>

namespace embedctl::requests {

// Reads the body of an answer to an embedding request, be the vector an array or base64: what was
// asked for does not matter.
class EmbeddingReader {
public:
  // The line as it is to be parsed: without the numbers of its vector. Valid until the next call.
  std::string_view shorten(std::string_view line) { return m_cutter.cut(line); }

  // Call it when the line has been parsed whole after all.
  void keep_whole() { m_cutter.reset(); }

  // Nullopt if the numbers that were left out are not this body's embedding: the line has to be
  // parsed whole.
  std::optional<Answer> read(std::optional<json::LazyObject> body);

private:
  std::optional<Answer> read_item(json::LazyValue item);

  VectorReader m_reader;
  VectorCutter m_cutter{m_reader};
};

} // namespace embedctl::requests
