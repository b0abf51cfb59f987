#pragma once

#include "json/value.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl::e2e {

// A JSON text, looked into by paths such as "batches.0.status". What is not there throws.
class Json {
public:
  explicit Json(std::string_view text) : m_document(json::Document::parse(text, text)) {}

  json::Value root() const { return m_document.root(); }

  json::Value at(std::string_view path) const {
    json::Value value = root();
    while (!path.empty()) {
      const auto dot = path.find('.');
      value = child(value, path.substr(0, dot));
      path = dot == std::string_view::npos ? "" : path.substr(dot + 1);
    }
    return value;
  }

  std::string text(std::string_view path) const {
    const json::Value value = at(path);
    return std::string(value.as_string() ? *value.as_string() : throw missing(path));
  }

  std::int64_t number(std::string_view path) const {
    const json::Value value = at(path);
    return value.as_int() ? *value.as_int() : throw missing(path);
  }

  std::size_t size(std::string_view path) const {
    std::size_t count = 0;
    at(path).for_each([&](const json::Value&) { ++count; });
    return count;
  }

private:
  static std::runtime_error missing(std::string_view path) {
    return std::runtime_error("the JSON has no " + std::string(path));
  }

  static json::Value child(const json::Value& value, std::string_view name) {
    if (const auto found = value.find(name))
      return *found;
    std::vector<json::Value> elements;
    value.for_each([&](const json::Value& element) { elements.push_back(element); });
    const bool is_index = name.find_first_not_of("0123456789") == std::string_view::npos;
    if (!is_index || elements.size() <= std::stoul(std::string(name)))
      throw missing(name);
    return elements[std::stoul(std::string(name))];
  }

  json::Document m_document;
};

} // namespace embedctl::e2e
