#include "sandbox/disk.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>

namespace embedctl::sandbox {

namespace {

constexpr std::size_t k_buffer_size = 256 * 1024;
constexpr mode_t k_file_mode = 0600;

Fd open_or_throw(const fs::path& path, int flags, std::string_view doing) {
  Fd fd(::open(path.c_str(), flags | O_CLOEXEC, k_file_mode));
  if (!fd)
    throw_io_error(doing, path, errno);
  return fd;
}

void write_all(const Fd& fd, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd.get(), bytes.data(), bytes.size());
    if (put < 0 && errno != EINTR)
      throw_io_error("write", path, errno);
    if (put > 0)
      bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

} // namespace

void replace_file(const fs::path& path, std::string_view bytes) {
  const fs::path temporary = path.string() + ".tmp";
  write_all(open_or_throw(temporary, O_WRONLY | O_CREAT | O_TRUNC, "create"), bytes, temporary);
  if (std::rename(temporary.c_str(), path.c_str()) != 0)
    throw_io_error("rename to", path, errno);
}

Fd open_for_reading(const fs::path& path) {
  return open_or_throw(path, O_RDONLY, "open");
}

std::string read_at(const Fd& fd, std::uint64_t offset, std::size_t length, const fs::path& path) {
  std::string bytes(length, '\0');
  std::size_t used = 0;
  while (used < length) {
    const ssize_t got =
        ::pread(fd.get(), bytes.data() + used, length - used, static_cast<off_t>(offset + used));
    if (got < 0 && errno != EINTR)
      throw_io_error("read", path, errno);
    if (got == 0)
      break;
    if (got > 0)
      used += static_cast<std::size_t>(got);
  }
  bytes.resize(used);
  return bytes;
}

Appender::Appender(fs::path path, std::uint64_t size)
    : m_path(std::move(path)),
      m_fd(open_or_throw(m_path, O_WRONLY | O_CREAT, "create")),
      m_size(size) {
  if (::ftruncate(m_fd.get(), static_cast<off_t>(size)) != 0)
    throw_io_error("cut", m_path, errno);
  if (::lseek(m_fd.get(), 0, SEEK_END) < 0)
    throw_io_error("seek in", m_path, errno);
}

void Appender::write(std::string_view bytes) {
  m_buffer += bytes;
  m_size += bytes.size();
  if (m_buffer.size() >= k_buffer_size)
    flush();
}

void Appender::flush() {
  write_all(m_fd, m_buffer, m_path);
  m_buffer.clear();
}

LineReader::LineReader(fs::path path)
    : m_path(std::move(path)), m_fd(open_for_reading(m_path)), m_buffer(k_buffer_size, '\0') {}

std::optional<LineReader::Line> LineReader::next() {
  std::size_t searched = 0;
  const char* newline = nullptr;
  for (;;) {
    const char* const begin = m_buffer.data() + m_begin;
    const std::size_t there = m_end - m_begin;
    newline = static_cast<const char*>(std::memchr(begin + searched, '\n', there - searched));
    searched = there;
    if (newline != nullptr || !fill())
      break;
  }
  const char* const begin = m_buffer.data() + m_begin;
  const std::size_t length =
      newline != nullptr ? static_cast<std::size_t>(newline - begin) : m_end - m_begin;
  const std::size_t taken = newline != nullptr ? length + 1 : length;
  if (taken == 0)
    return std::nullopt;
  const Line line{{begin, length}, m_offset, ++m_number};
  m_begin += taken;
  m_offset += taken;
  return line;
}

// Moves what is left to the front and reads on; false at the end of the file.
bool LineReader::fill() {
  std::memmove(m_buffer.data(), m_buffer.data() + m_begin, m_end - m_begin);
  m_end -= m_begin;
  m_begin = 0;
  if (m_end == m_buffer.size())
    m_buffer.resize(m_buffer.size() * 2);
  for (;;) {
    const ssize_t got = ::read(m_fd.get(), m_buffer.data() + m_end, m_buffer.size() - m_end);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      throw_io_error("read", m_path, errno);
    m_end += static_cast<std::size_t>(got);
    return got > 0;
  }
}

} // namespace embedctl::sandbox
