#include "json/line_reader.hpp"

#include "base/file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>

namespace embedctl::json {

namespace {

// Some 40 lines of 1536 floats: large enough for cheap reads, small enough for the cache.
constexpr std::size_t k_first_buffer = std::size_t{1024} * 1024;

} // namespace

LineReader::LineReader(const std::filesystem::path& path)
    : m_path(path),
      m_fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)),
      m_buffer(k_first_buffer + k_padding) {
  if (!m_fd)
    throw_io_error("open", path, errno);
  ::posix_fadvise(m_fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

bool LineReader::next() {
  m_too_long = false;
  m_line = {};
  std::size_t searched = 0;
  for (;;) {
    const char* from = m_buffer.data() + m_begin;
    const void* newline = std::memchr(from + searched, '\n', m_end - m_begin - searched);
    if (newline != nullptr) {
      const auto length = static_cast<std::size_t>(static_cast<const char*>(newline) - from);
      m_too_long = m_too_long || length > k_longest_line;
      if (!m_too_long)
        m_line = {from, length};
      m_begin += length + 1;
      ++m_number;
      return true;
    }
    searched = m_end - m_begin;
    if (searched > k_longest_line) {
      // Keep reading to its end, but hold none of it.
      m_too_long = true;
      m_begin = m_end;
      searched = 0;
    }
    if (fill())
      continue;
    if (m_begin == m_end && !m_too_long)
      return false;
    if (!m_too_long)
      m_line = {m_buffer.data() + m_begin, m_end - m_begin};
    m_begin = m_end;
    m_terminated = false;
    ++m_number;
    return true;
  }
}

// Moves what is left to the front and reads behind it; false at the end of the file.
bool LineReader::fill() {
  if (m_at_end)
    return false;
  std::copy(
      m_buffer.begin() + static_cast<std::ptrdiff_t>(m_begin),
      m_buffer.begin() + static_cast<std::ptrdiff_t>(m_end), m_buffer.begin());
  m_end -= m_begin;
  m_begin = 0;
  std::size_t room = m_buffer.size() - k_padding - m_end;
  if (room == 0) {
    m_buffer.resize((m_buffer.size() - k_padding) * 2 + k_padding);
    room = m_buffer.size() - k_padding - m_end;
  }
  ssize_t got = 0;
  do {
    got = ::read(m_fd.get(), m_buffer.data() + m_end, room);
  } while (got < 0 && errno == EINTR);
  if (got < 0)
    throw_io_error("read", m_path, errno);
  m_end += static_cast<std::size_t>(got);
  m_at_end = got == 0;
  return !m_at_end;
}

} // namespace embedctl::json
