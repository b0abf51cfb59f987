#include "base/input_stream.hpp"

#include "base/file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace embedctl {

FileStream::FileStream(const std::filesystem::path& path, std::uint64_t begin, std::uint64_t end)
    : m_path(path), m_fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), m_at(begin), m_end(end) {
  if (!m_fd)
    throw_io_error("open", path, errno);
  ::posix_fadvise(m_fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  if (begin > 0 && ::lseek(m_fd.get(), static_cast<off_t>(begin), SEEK_SET) < 0)
    throw_io_error("read", path, errno);
}

std::size_t FileStream::read(std::span<char> room) {
  const std::size_t most = std::min<std::uint64_t>(room.size(), m_end - m_at);
  ssize_t got = 0;
  do {
    got = ::read(m_fd.get(), room.data(), most);
  } while (got < 0 && errno == EINTR);
  if (got < 0)
    throw_io_error("read", m_path, errno);
  m_at += static_cast<std::uint64_t>(got);
  return static_cast<std::size_t>(got);
}

std::uint64_t next_line(const std::filesystem::path& path, std::uint64_t place) {
  FileStream file(path, place);
  std::array<char, std::size_t{64} * 1024> piece{};
  while (const std::size_t got = file.read(piece)) {
    const std::size_t newline = std::string_view(piece.data(), got).find('\n');
    if (newline != std::string_view::npos)
      return place + newline + 1;
    place += got;
  }
  return place;
}

} // namespace embedctl
