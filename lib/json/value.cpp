#include "json/value.hpp"

#include "base/error.hpp"

#include <fmt/format.h>
#include <simdjson.h>

namespace embedctl::json {

namespace dom = simdjson::dom;

struct Document::Parsed {
  dom::parser parser;
  dom::element root;
};

struct Value::Node {
  std::shared_ptr<const void> keeps_alive;
  dom::element element;
};

namespace {

template <typename T>
std::optional<T> get(const dom::element& element) {
  T result;
  if (element.get(result) != simdjson::SUCCESS)
    return std::nullopt;
  return result;
}

} // namespace

bool Value::is_object() const {
  return m_node->element.is_object();
}
bool Value::is_array() const {
  return m_node->element.is_array();
}

std::optional<std::string_view> Value::as_string() const {
  return get<std::string_view>(m_node->element);
}
std::optional<std::int64_t> Value::as_int() const {
  return get<std::int64_t>(m_node->element);
}
std::optional<double> Value::as_double() const {
  return get<double>(m_node->element);
}
std::optional<bool> Value::as_bool() const {
  return get<bool>(m_node->element);
}

std::optional<Value> Value::find(std::string_view key) const {
  dom::object object;
  dom::element found;
  if (m_node->element.get(object) != simdjson::SUCCESS
      || object.at_key(key).get(found) != simdjson::SUCCESS || found.is_null())
    return std::nullopt;
  return Value(std::make_shared<Node>(Node{m_node->keeps_alive, found}));
}

std::optional<std::string> Value::string(std::string_view key) const {
  const auto found = find(key);
  const auto text = found ? found->as_string() : std::nullopt;
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

std::optional<std::int64_t> Value::integer(std::string_view key) const {
  const auto found = find(key);
  return found ? found->as_int() : std::nullopt;
}

std::optional<bool> Value::boolean(std::string_view key) const {
  const auto found = find(key);
  return found ? found->as_bool() : std::nullopt;
}

void Value::for_each(const std::function<void(const Value&)>& visit) const {
  dom::array array;
  if (m_node->element.get(array) != simdjson::SUCCESS)
    return;
  for (const dom::element element : array)
    visit(Value(std::make_shared<Node>(Node{m_node->keeps_alive, element})));
}

void Value::for_each_member(
    const std::function<void(std::string_view key, const Value&)>& visit) const {
  dom::object object;
  if (m_node->element.get(object) != simdjson::SUCCESS)
    return;
  for (const dom::key_value_pair member : object)
    visit(member.key, Value(std::make_shared<Node>(Node{m_node->keeps_alive, member.value})));
}

std::string Value::dump() const {
  return simdjson::minify(m_node->element);
}

Document Document::parse(std::string_view text, std::string_view what) {
  auto document = try_parse(text);
  if (!document)
    throw Error(ErrorKind::corrupt, fmt::format("{} is not valid JSON", what));
  return *std::move(document);
}

std::optional<Document> Document::try_parse(std::string_view text) {
  if (text.empty())
    return std::nullopt; // simdjson copies from text.data(), which may be null
  auto parsed = std::make_shared<Parsed>();
  // simdjson 3.0 refuses a byte order mark, as JSON does; later ones pass over it.
  if (text.starts_with("\xEF\xBB\xBF")
      || parsed->parser.parse(text.data(), text.size()).get(parsed->root) != simdjson::SUCCESS)
    return std::nullopt;
  return Document(std::move(parsed));
}

Value Document::root() const {
  return Value(std::make_shared<Value::Node>(Value::Node{m_parsed, m_parsed->root}));
}

} // namespace embedctl::json
