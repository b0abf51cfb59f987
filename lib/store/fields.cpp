#include "store/fields.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace embedctl::store {

namespace {

[[noreturn]] void refuse_damaged(const std::string& where, const std::string& why) {
  throw Error(
      ErrorKind::corrupt, fmt::format("\"{}\" is damaged: {}", where, why),
      "nothing was changed; restore the file from a copy, or keep the folder for its results");
}

json::Value parse(const std::filesystem::path& path, std::string_view text) {
  const auto document = json::Document::try_parse(text);
  if (!document)
    refuse_damaged(path.string(), "it is not valid JSON");
  return document->root();
}

} // namespace

Fields::Fields(const std::filesystem::path& path, std::string_view text, int newest)
    : m_value(parse(path, text)), m_where(path.string()) {
  if (!m_value.is_object())
    refuse("it is not a JSON object");
  const std::int64_t format = integer("format");
  if (format > newest)
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "\"{}\" has format {}, and this embedctl reads formats up to {}", m_where, format,
            newest),
        "use the embedctl version that wrote it, or a newer one; nothing was changed");
  if (format < 1)
    refuse(fmt::format("unknown format {}", format));
  m_format = static_cast<int>(format);
}

template <typename T>
T Fields::present(std::optional<T> found, const char* key, const char* what) const {
  if (!found)
    refuse(fmt::format("member \"{}\" is missing or not {}", key, what));
  return *std::move(found);
}

std::string Fields::string(const char* key) const {
  return present(m_value.string(key), key, "a string");
}

std::int64_t Fields::integer(const char* key) const {
  return present(m_value.integer(key), key, "an integer");
}

std::uint64_t Fields::count(const char* key) const {
  const std::int64_t number = integer(key);
  if (number < 0)
    refuse(fmt::format("member \"{}\" is negative", key));
  return static_cast<std::uint64_t>(number);
}

int Fields::small_count(const char* key) const {
  const std::uint64_t number = count(key);
  if (number > k_most_of_few)
    refuse(fmt::format("member \"{}\" is too large", key));
  return static_cast<int>(number);
}

bool Fields::boolean(const char* key) const {
  return present(m_value.boolean(key), key, "a boolean");
}

Fields Fields::object(const char* key) const {
  auto found = present(m_value.find(key), key, "an object");
  if (!found.is_object())
    refuse(fmt::format("member \"{}\" is not an object", key));
  return {std::move(found), m_where, m_format};
}

void Fields::for_each(
    const char* key, const std::function<void(const Fields& element)>& visit) const {
  const auto found = present(m_value.find(key), key, "an array");
  if (!found.is_array())
    refuse(fmt::format("member \"{}\" is not an array", key));
  found.for_each([&](const json::Value& element) { visit({element, m_where, m_format}); });
}

void Fields::refuse(const std::string& why) const {
  refuse_damaged(m_where, why);
}

} // namespace embedctl::store
