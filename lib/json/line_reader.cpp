#include "json/line_reader.hpp"

#include <algorithm>
#include <cstring>

namespace embedctl::json {

namespace {

// Some 40 lines of 1536 floats: large enough for cheap reads, small enough for the cache.
constexpr std::size_t k_first_buffer = std::size_t{1024} * 1024;

} // namespace

LineReader::LineReader(std::unique_ptr<InputStream> text)
    : m_text(std::move(text)), m_buffer(k_first_buffer + k_padding) {}

LineReader::LineReader(const std::filesystem::path& path)
    : LineReader(std::make_unique<FileStream>(path)) {}

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
    m_buffer[m_end] = '\n'; // a parser may look at what stands behind a line
    m_begin = m_end;
    m_terminated = false;
    ++m_number;
    return true;
  }
}

// Moves what is left to the front and reads behind it; false at the end of the text.
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
  const std::size_t got = m_text->read({m_buffer.data() + m_end, room});
  m_end += got;
  m_at_end = got == 0;
  return !m_at_end;
}

} // namespace embedctl::json
