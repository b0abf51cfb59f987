#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace embedctl::json {

class Document;

// A read-only look at one value of a Document, valid as long as that lives. Getters by key treat
// absent, null and wrongly typed alike: nullopt. That is what the provider's answers need, which
// leave out, null or empty what the schema promises.
class Value {
public:
  bool is_object() const;
  bool is_array() const;
  std::optional<std::string_view> as_string() const;
  std::optional<std::int64_t> as_int() const;
  std::optional<double> as_double() const;
  std::optional<bool> as_bool() const;

  std::optional<Value> find(std::string_view key) const;
  std::optional<std::string> string(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;

  // Calls for each element of an array; does nothing for any other value.
  void for_each(const std::function<void(const Value&)>& visit) const;

  // Calls for each member of an object; does nothing for any other value.
  void for_each_member(const std::function<void(std::string_view key, const Value&)>& visit) const;

  // The value as compact JSON.
  std::string dump() const;

private:
  friend class Document;
  struct Node;
  explicit Value(std::shared_ptr<const Node> node) : m_node(std::move(node)) {}
  std::shared_ptr<const Node> m_node;
};

// A small JSON text in memory (an API answer, batch.json); result files are read by
// requests::AnswerReader instead. Parser exceptions stop here.
class Document {
public:
  // Throws Error{corrupt} naming `what` if the text is not valid JSON.
  static Document parse(std::string_view text, std::string_view what);

  // nullopt if the text is not valid JSON.
  static std::optional<Document> try_parse(std::string_view text);

  Value root() const;

private:
  struct Parsed;
  explicit Document(std::shared_ptr<Parsed> parsed) : m_parsed(std::move(parsed)) {}
  std::shared_ptr<Parsed> m_parsed;
};

} // namespace embedctl::json
