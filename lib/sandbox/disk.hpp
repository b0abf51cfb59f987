#pragma once

#include "base/fd.hpp"
#include "base/file.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace embedctl::sandbox {

// The sandbox's state survives a killed process but not a power cut: nothing here is synced,
// because tests create and finish thousands of batches.

// Atomic: written under a temporary name and renamed.
void replace_file(const fs::path& path, std::string_view bytes);

Fd open_for_reading(const fs::path& path);

// Up to `length` bytes at `offset`; fewer only at the end of the file.
std::string read_at(const Fd& fd, std::uint64_t offset, std::size_t length, const fs::path& path);

// A buffered append-only file. Truncated to `size` first: whatever an earlier process wrote past it
// is discarded. Unflushed data is lost with the object.
class Appender {
public:
  Appender(fs::path path, std::uint64_t size);

  void write(std::string_view bytes);
  void flush();

  // Buffered bytes included.
  std::uint64_t size() const { return m_size; }

private:
  fs::path m_path;
  Fd m_fd;
  std::string m_buffer;
  std::uint64_t m_size;
};

// Reads a file line by line; memory is bounded by the longest line.
class LineReader {
public:
  struct Line {
    std::string_view text; // without its newline; lives until the next call
    std::uint64_t offset = 0;
    std::uint64_t number = 0; // from 1
  };

  explicit LineReader(fs::path path);
  std::optional<Line> next();

private:
  bool fill();

  fs::path m_path;
  Fd m_fd;
  std::string m_buffer;
  std::size_t m_begin = 0;
  std::size_t m_end = 0;
  std::uint64_t m_offset = 0; // of m_begin in the file
  std::uint64_t m_number = 0;
};

} // namespace embedctl::sandbox
