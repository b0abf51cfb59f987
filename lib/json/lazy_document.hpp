#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace embedctl::json {

class LazyArray;
class LazyObject;
class LazyValue;

// A line of JSON that is checked as a whole, and then read only where it is asked for. Much faster
// than Document; in return, a value can be read once after each call of root(), and one object or
// array at a time: asking an outer object again ends the use of what was found inside it.
class LazyDocument {
public:
  LazyDocument();
  ~LazyDocument();
  LazyDocument(LazyDocument&&) noexcept;

  // Returns whether the text is valid JSON. It must outlive its use here, with
  // LineReader::k_padding readable bytes behind it.
  bool parse(std::string_view text);

  // Goes back to the start of the document. Nullopt if it is not an object, or not valid.
  std::optional<LazyObject> root();

private:
  friend class LazyArray;
  friend class LazyObject;
  friend class LazyValue;
  struct Parsed;
  std::unique_ptr<Parsed> m_parsed;
};

// Room for the parser's position in the text, whose types stay in the .cpp file.
using LazyPosition = std::array<std::byte, 4 * sizeof(void*)>;

// An object in a LazyDocument. A member that is absent or has another type is nullopt.
class LazyObject {
public:
  std::optional<LazyObject> object(const char* key);
  std::optional<LazyArray> array(const char* key);
  std::optional<std::int64_t> integer(const char* key);
  std::optional<std::string_view> string(const char* key);
  std::optional<LazyValue> value(const char* key);

private:
  friend class LazyDocument;
  friend class LazyValue;
  LazyObject(LazyDocument::Parsed& document, const LazyPosition& position)
      : m_document(&document), m_position(position) {}
  LazyDocument::Parsed* m_document;
  LazyPosition m_position;
};

// An array in a LazyDocument.
class LazyArray {
public:
  // The next element; nullopt at the end.
  std::optional<LazyValue> next();

private:
  friend class LazyObject;
  LazyArray(LazyDocument::Parsed& document, const LazyPosition& position)
      : m_document(&document), m_position(position) {}
  LazyDocument::Parsed* m_document;
  LazyPosition m_position;
  bool m_has_begun = false;
};

// Any value in a LazyDocument.
class LazyValue {
public:
  std::optional<LazyObject> as_object();
  std::optional<std::string_view> as_string();

  // The rest of the document's text, from the first character of this value.
  std::string_view text() const;

private:
  friend class LazyArray;
  friend class LazyObject;
  LazyValue(LazyDocument::Parsed& document, const LazyPosition& position, bool is_valid)
      : m_document(&document), m_position(position), m_is_valid(is_valid) {}
  LazyDocument::Parsed* m_document;
  LazyPosition m_position;
  bool m_is_valid;
};

} // namespace embedctl::json
