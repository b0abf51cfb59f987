#include "http/transfer_files.hpp"

#include "base/error.hpp"
#include "base/file.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

namespace embedctl::http {

namespace {

std::uint64_t size_of(const Fd& fd, const fs::path& path) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0)
    throw_io_error("stat", path, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

} // namespace

UploadFile::UploadFile(const fs::path& path)
    : m_path(path), m_fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (!m_fd)
    throw_io_error("open", path, errno);
  m_size = size_of(m_fd, path);
}

std::size_t UploadFile::read(std::span<char> buffer) {
  const std::size_t wanted =
      std::min<std::uint64_t>(buffer.size(), m_size - std::min(m_size, m_offset));
  if (wanted == 0)
    return 0;
  ssize_t got = 0;
  do
    got = ::pread(m_fd.get(), buffer.data(), wanted, static_cast<off_t>(m_offset));
  while (got < 0 && errno == EINTR);
  if (got < 0)
    throw_io_error("read", m_path, errno);
  if (got == 0)
    throw Error(
        ErrorKind::io,
        fmt::format("\"{}\" was truncated while it was being sent", m_path.string()));
  m_offset += static_cast<std::uint64_t>(got);
  return static_cast<std::size_t>(got);
}

DownloadFile::DownloadFile(const fs::path& path, std::uint64_t offset)
    : m_path(path),
      m_fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR)) {
  if (!m_fd)
    throw_io_error("create", path, errno);
  if (::fchmod(m_fd.get(), S_IRUSR | S_IWUSR) != 0)
    throw_io_error("set permissions of", path, errno);
  if (size_of(m_fd, path) < offset)
    throw Error(
        ErrorKind::internal,
        fmt::format("\"{}\" is shorter than the {} bytes to keep", path.string(), offset));
  const auto end = static_cast<off_t>(offset);
  if (::ftruncate(m_fd.get(), end) != 0 || ::lseek(m_fd.get(), end, SEEK_SET) != end)
    throw_io_error("cut", path, errno);
}

void DownloadFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(m_fd.get(), bytes.data(), bytes.size());
    if (put < 0) {
      if (errno == EINTR)
        continue;
      throw_io_error("write", m_path, errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

void DownloadFile::finish() {
  if (::fsync(m_fd.get()) != 0) {
    const int error_number = errno;
    ::unlink(m_path.c_str());
    throw_io_error("make durable", m_path, error_number);
  }
}

} // namespace embedctl::http
