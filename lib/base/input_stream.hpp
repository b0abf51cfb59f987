#pragma once

#include "base/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace embedctl {

// Bytes that come one after another, whatever form they are kept in.
class InputStream {
public:
  virtual ~InputStream() = default;

  // Fills the front of `room`, which is not empty, and returns how much; 0 at the end alone.
  virtual std::size_t read(std::span<char> room) = 0;
};

// A file as it is, or a part of it.
class FileStream : public InputStream {
public:
  static constexpr std::uint64_t k_to_its_end = std::uint64_t{1} << 62;

  explicit FileStream(
      const std::filesystem::path& path, std::uint64_t begin = 0, std::uint64_t end = k_to_its_end);
  std::size_t read(std::span<char> room) override;

private:
  std::filesystem::path m_path;
  Fd m_fd;
  std::uint64_t m_at;
  std::uint64_t m_end;
};

// Where the first line behind this place begins; the size of the file if there is none.
std::uint64_t next_line(const std::filesystem::path& path, std::uint64_t place);

} // namespace embedctl
