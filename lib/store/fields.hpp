#pragma once

#include "json/value.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace embedctl::store {

// Required members of a record. Throws Error{corrupt} naming file and member; the file is left as
// it is.
class Fields {
public:
  // Above any real count that is kept in an int, and well below overflow.
  static constexpr int k_most_of_few = 1'000'000'000;

  // Parses a file's text; throws Error{usage} for a format newer than `newest`.
  Fields(const std::filesystem::path& path, std::string_view text, int newest);

  int format() const { return m_format; }

  std::string string(const char* key) const;
  std::int64_t integer(const char* key) const;
  std::uint64_t count(const char* key) const;
  int small_count(const char* key) const; // at most k_most_of_few
  bool boolean(const char* key) const;
  Fields object(const char* key) const;
  void for_each(const char* key, const std::function<void(const Fields& element)>& visit) const;
  const json::Value& value() const { return m_value; }
  const std::string& where() const { return m_where; }

  [[noreturn]] void refuse(const std::string& why) const;

private:
  Fields(json::Value value, std::string where, int format)
      : m_value(std::move(value)), m_where(std::move(where)), m_format(format) {}

  template <typename T>
  T present(std::optional<T> found, const char* key, const char* what) const;

  json::Value m_value;
  std::string m_where;
  int m_format = 0;
};

} // namespace embedctl::store
