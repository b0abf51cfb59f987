#include "base/input_stream.hpp"

#include "base/file.hpp"

#include <cerrno>

#include <fcntl.h>

namespace embedctl {

FileStream::FileStream(const std::filesystem::path& path)
    : m_path(path), m_fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (!m_fd)
    throw_io_error("open", path, errno);
  ::posix_fadvise(m_fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

std::size_t FileStream::read(std::span<char> room) {
  ssize_t got = 0;
  do {
    got = ::read(m_fd.get(), room.data(), room.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0)
    throw_io_error("read", m_path, errno);
  return static_cast<std::size_t>(got);
}

} // namespace embedctl
