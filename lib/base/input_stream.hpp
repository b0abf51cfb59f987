#pragma once

#include "base/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace embedctl {

// A sequential stream of bytes, however they are stored.
class InputStream {
public:
  virtual ~InputStream() = default;

  // Reads into `room`, which is not empty, and returns the byte count; 0 only at the end.
  virtual std::size_t read(std::span<char> room) = 0;
};

// A plain file or a range of it.
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

// Where the first line after this offset begins; the file size if there is none.
std::uint64_t next_line(const std::filesystem::path& path, std::uint64_t place);

} // namespace embedctl
