#pragma once

#include "base/fd.hpp"

#include <cstddef>
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

// A file as it is.
class FileStream : public InputStream {
public:
  explicit FileStream(const std::filesystem::path& path);
  std::size_t read(std::span<char> room) override;

private:
  std::filesystem::path m_path;
  Fd m_fd;
};

} // namespace embedctl
