#pragma once

#include "base/fd.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace embedctl::http {

// The source file of an upload. All failures are Error{io}.
class UploadFile {
public:
  explicit UploadFile(const std::filesystem::path& path);

  std::uint64_t size() const { return m_size; }

  // Fills `buffer` from the current position; 0 at the end. A file that shrank is an error: its
  // length was already sent.
  std::size_t read(std::span<char> buffer);
  void seek(std::uint64_t offset) { m_offset = offset; }

private:
  std::filesystem::path m_path;
  Fd m_fd;
  std::uint64_t m_size = 0;
  std::uint64_t m_offset = 0;
};

// The target file of a download. All failures are Error{io}.
class DownloadFile {
public:
  // Keeps the first `offset` bytes and truncates the rest.
  DownloadFile(const std::filesystem::path& path, std::uint64_t offset);

  void write(std::string_view bytes);

  // Syncs the file. If that fails, the file is removed, because a later fsync could not be trusted.
  void finish();

private:
  std::filesystem::path m_path;
  Fd m_fd;
};

} // namespace embedctl::http
