#pragma once

#include "base/error.hpp"
#include "base/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace embedctl::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Ends the program, as a crash would, unless what a target promises holds.
void require(bool holds, const char* what);

// No control character and nothing that is no UTF-8.
bool is_printable(std::string_view text);

// A file in memory, for readers that take a path.
class MemoryFile {
public:
  MemoryFile();
  void set(std::string_view content);
  const std::filesystem::path& path() const { return m_path; }

private:
  Fd m_fd;
  std::filesystem::path m_path;
};

// A new folder in memory, removed with all it holds when the program ends.
class MemoryFolder {
public:
  MemoryFolder();
  ~MemoryFolder();
  MemoryFolder(const MemoryFolder&) = delete;
  MemoryFolder& operator=(const MemoryFolder&) = delete;
  std::filesystem::path operator/(const char* name) const { return m_path / name; }

private:
  std::filesystem::path m_path;
};

} // namespace embedctl::fuzz
