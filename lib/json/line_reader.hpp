#pragma once

#include "base/input_stream.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

namespace embedctl::json {

// The lines of a text, one after another, in a buffer of at most twice `k_longest_line`.
class LineReader {
public:
  // Far above the widest vector that exists (65,536 numbers of 20 characters); a longer line is an
  // attack or an accident.
  static constexpr std::size_t k_longest_line = std::size_t{4} * 1024 * 1024;

  // Bytes after each line that a vectorised parser may read.
  static constexpr std::size_t k_padding = 64;

  explicit LineReader(std::unique_ptr<InputStream> text);

  // The lines of a file.
  explicit LineReader(const std::filesystem::path& path);

  // Goes to the next line; false at the end.
  bool next();

  // Without its newline; valid until next(). Empty when too_long().
  std::string_view line() const { return m_line; }
  std::uint64_t number() const { return m_number; } // from 1
  bool too_long() const { return m_too_long; }

  // False for a last line that has no newline: the text was cut.
  bool terminated() const { return m_terminated; }

private:
  bool fill();

  std::unique_ptr<InputStream> m_text;
  std::vector<char> m_buffer;
  std::size_t m_begin = 0;
  std::size_t m_end = 0;
  bool m_at_end = false;
  std::string_view m_line;
  std::uint64_t m_number = 0;
  bool m_too_long = false;
  bool m_terminated = true;
};

} // namespace embedctl::json
