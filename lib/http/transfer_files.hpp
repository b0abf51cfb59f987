#pragma once

#include "base/fd.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace embedctl::http {

// The local end of an upload. All failures are Error{io}.
class UploadFile {
public:
  explicit UploadFile(const std::filesystem::path& path);

  std::uint64_t size() const { return m_size; }

  // Fills as much of `buffer` as there is, and goes on behind it; 0 at the end. A file that has
  // become shorter than it was is an error: its length is already promised.
  std::size_t read(std::span<char> buffer);
  void seek(std::uint64_t offset) { m_offset = offset; }

private:
  std::filesystem::path m_path;
  Fd m_fd;
  std::uint64_t m_size = 0;
  std::uint64_t m_offset = 0;
};

// The local end of a download. All failures are Error{io}.
class DownloadFile {
public:
  // Keeps the first `offset` bytes of what is there and cuts off the rest.
  DownloadFile(const std::filesystem::path& path, std::uint64_t offset);

  void write(std::string_view bytes);

  // Makes it durable. A file for which that fails is removed, because no later fsync of it could
  // be believed.
  void finish();

private:
  std::filesystem::path m_path;
  Fd m_fd;
};

} // namespace embedctl::http
