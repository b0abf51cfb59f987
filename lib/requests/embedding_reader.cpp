#include "requests/embedding_reader.hpp"

namespace embedctl::requests {

namespace {

Failure no_embedding() {
  return failure("no_embedding", "the response contains no embedding");
}

} // namespace

std::optional<Answer> EmbeddingReader::read(std::optional<json::LazyObject> body) {
  if (!body)
    return failure("no_embedding", "the response has no body");
  auto items = body->array("data");
  const auto item = items ? items->next() : std::nullopt;
  if (!item)
    return no_embedding();
  auto answer = read_item(*item);
  if (answer && std::holds_alternative<Embedding>(*answer) && items->next())
    return failure("too_many_embeddings", "the response contains more than one embedding");
  return answer;
}

std::optional<Answer> EmbeddingReader::read_item(json::LazyValue item) {
  auto object = item.as_object();
  auto value = object ? object->value("embedding") : std::nullopt;
  if (!value)
    return no_embedding();
  const std::string_view text = value->text();
  if (m_cutter.has_cut())
    return m_cutter.was_at(text) ? std::optional(m_cutter.vector()) : std::nullopt;
  if (text.starts_with('['))
    return m_reader.read_array(text);
  if (const auto base64 = value->as_string())
    return m_reader.read_base64(*base64);
  return failure("no_embedding", "the embedding is neither an array nor a string");
}

} // namespace embedctl::requests
