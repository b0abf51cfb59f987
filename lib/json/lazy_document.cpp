#include "json/lazy_document.hpp"

#include "json/line_reader.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include <simdjson.h>

namespace embedctl::json {

namespace ondemand = simdjson::ondemand;

static_assert(LineReader::k_padding >= simdjson::SIMDJSON_PADDING);

namespace {

template <typename T>
LazyPosition position_of(const T& value) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(LazyPosition));
  LazyPosition position;
  std::memcpy(position.data(), &value, sizeof(T));
  return position;
}

template <typename T>
T value_at(const LazyPosition& position) {
  T value;
  std::memcpy(&value, position.data(), sizeof(T));
  return value;
}

} // namespace

struct LazyDocument::Parsed {
  simdjson::dom::parser strict_parser;
  ondemand::parser parser;
  ondemand::document document;
  std::string_view text;
  bool is_valid = false;

  // After an error in the text, simdjson would follow a null pointer.
  bool is_alive() { return is_valid && document.is_alive(); }

  bool is_json() {
    // Not among them: numbers that no type can hold. They are valid JSON.
    constexpr std::array k_mistakes = {simdjson::EMPTY,           simdjson::TAPE_ERROR,
                                       simdjson::DEPTH_ERROR,     simdjson::STRING_ERROR,
                                       simdjson::T_ATOM_ERROR,    simdjson::F_ATOM_ERROR,
                                       simdjson::N_ATOM_ERROR,    simdjson::UTF8_ERROR,
                                       simdjson::UNESCAPED_CHARS, simdjson::UNCLOSED_STRING};
    const auto error = strict_parser.parse(text.data(), text.size(), false).error();
    return std::find(k_mistakes.begin(), k_mistakes.end(), error) == k_mistakes.end();
  }

  simdjson::simdjson_result<ondemand::value> find(const LazyPosition& object, const char* key) {
    if (!is_alive())
      return simdjson::TAPE_ERROR;
    return value_at<ondemand::object>(object).find_field_unordered(key);
  }
};

LazyDocument::LazyDocument() : m_parsed(std::make_unique<Parsed>()) {}
LazyDocument::~LazyDocument() = default;
LazyDocument::LazyDocument(LazyDocument&&) noexcept = default;

// The lazy parser sees only what is asked for, so another one checks the rest: a line that was torn
// or joined with another could give one row the answer of another row.
bool LazyDocument::parse(std::string_view text) {
  m_parsed->text = text;
  m_parsed->is_valid =
      m_parsed->is_json()
      && m_parsed->parser.iterate(text.data(), text.size(), text.size() + LineReader::k_padding)
                 .get(m_parsed->document)
             == simdjson::SUCCESS;
  return m_parsed->is_valid;
}

std::optional<LazyObject> LazyDocument::root() {
  ondemand::object root;
  if (!m_parsed->is_alive())
    return std::nullopt;
  m_parsed->document.rewind();
  if (m_parsed->document.get_object().get(root) != simdjson::SUCCESS)
    return std::nullopt;
  return LazyObject(*m_parsed, position_of(root));
}

std::optional<LazyObject> LazyObject::object(const char* key) {
  ondemand::object found;
  if (m_document->find(m_position, key).get_object().get(found) != simdjson::SUCCESS)
    return std::nullopt;
  return LazyObject(*m_document, position_of(found));
}

std::optional<std::int64_t> LazyObject::integer(const char* key) {
  std::int64_t found = 0;
  if (m_document->find(m_position, key).get_int64().get(found) != simdjson::SUCCESS)
    return std::nullopt;
  return found;
}

std::optional<std::string_view> LazyObject::string(const char* key) {
  std::string_view found;
  if (m_document->find(m_position, key).get_string().get(found) != simdjson::SUCCESS)
    return std::nullopt;
  return found;
}

std::optional<LazyValue> LazyObject::value(const char* key) {
  ondemand::value found;
  if (m_document->find(m_position, key).get(found) != simdjson::SUCCESS)
    return std::nullopt;
  return LazyValue(*m_document, position_of(found), true);
}

std::optional<LazyArray> LazyObject::array(const char* key) {
  ondemand::array array;
  ondemand::array_iterator begin;
  if (m_document->find(m_position, key).get_array().get(array) != simdjson::SUCCESS
      || array.begin().get(begin) != simdjson::SUCCESS)
    return std::nullopt;
  return LazyArray(*m_document, position_of(begin));
}

std::optional<LazyValue> LazyArray::next() {
  auto at = value_at<ondemand::array_iterator>(m_position);
  if (m_has_begun)
    ++at;
  m_has_begun = true;
  m_position = position_of(at);
  if (at == ondemand::array_iterator()) // whatever it is compared with, this asks for the end
    return std::nullopt;
  ondemand::value value;
  const bool is_valid = (*at).get(value) == simdjson::SUCCESS;
  return LazyValue(*m_document, position_of(value), is_valid);
}

std::optional<LazyObject> LazyValue::as_object() {
  ondemand::object object;
  if (!m_is_valid
      || value_at<ondemand::value>(m_position).get_object().get(object) != simdjson::SUCCESS)
    return std::nullopt;
  return LazyObject(*m_document, position_of(object));
}

std::optional<std::string_view> LazyValue::as_string() {
  std::string_view text;
  if (!m_is_valid
      || value_at<ondemand::value>(m_position).get_string().get(text) != simdjson::SUCCESS)
    return std::nullopt;
  return text;
}

std::string_view LazyValue::text() const {
  if (!m_is_valid)
    return {};
  const std::string_view token = value_at<ondemand::value>(m_position).raw_json_token();
  return m_document->text.substr(static_cast<std::size_t>(token.data() - m_document->text.data()));
}

} // namespace embedctl::json
