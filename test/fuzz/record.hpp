#pragma once

#include "base/file.hpp"
#include "fuzz/support.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace embedctl::fuzz {

// nullopt for a file that is refused as what it is.
template <typename Record>
std::optional<Record>
load_if_sound(Record (*load)(const std::filesystem::path&), const std::filesystem::path& path) {
  try {
    return load(path);
  } catch (const Error& error) {
    require(
        error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::usage,
        "a record that is refused is damaged or newer");
    return std::nullopt;
  }
}

// Any content of a record's file is a record or refused, and a record that is written down again
// says the same for ever.
template <typename Record>
void check_record(
    std::string_view content,
    Record (*load)(const std::filesystem::path&),
    void (*save)(const std::filesystem::path&, const Record&)) {
  constexpr std::uint64_t k_limit = std::uint64_t{64} << 20;
  static MemoryFile file;
  static const MemoryFolder folder;
  file.set(content);
  const auto record = load_if_sound(load, file.path());
  if (!record)
    return;
  const auto path = folder / "record.json";
  save(path, *record);
  const auto saved = read_file_if_any(path, k_limit);
  const auto again = load_if_sound(load, path);
  require(again.has_value(), "a record that was written can be read");
  save(path, *again);
  require(read_file_if_any(path, k_limit) == saved, "a record that is written again says the same");
}

} // namespace embedctl::fuzz
