#include "zst/packed_stream.hpp"

#include "base/error.hpp"

#include <new>

#include <fmt/format.h>
#include <zstd.h>

namespace embedctl::zst {

namespace {

// Twice what pack() asks for and more, so that another level may be chosen one day.
constexpr int k_most_window_log = 23;

constexpr std::size_t k_buffer_size = std::size_t{128} * 1024;

} // namespace

void PackedStream::Free::operator()(ZSTD_DCtx_s* context) const {
  ZSTD_freeDCtx(context);
}

PackedStream::PackedStream(
    const std::filesystem::path& path, std::uint64_t length, std::string hint)
    : m_path(path),
      m_hint(std::move(hint)),
      m_file(path),
      m_context(ZSTD_createDCtx()),
      m_buffer(k_buffer_size),
      m_length(length) {
  if (!m_context)
    throw std::bad_alloc();
  ZSTD_DCtx_setParameter(m_context.get(), ZSTD_d_windowLogMax, k_most_window_log);
  fill();
  check_announced_length();
}

// What the frame says of itself comes before any work for it.
void PackedStream::check_announced_length() const {
  const auto announced = ZSTD_getFrameContentSize(m_buffer.data(), m_end);
  if (announced == ZSTD_CONTENTSIZE_ERROR)
    refuse("it is not a zstd file");
  if (announced != ZSTD_CONTENTSIZE_UNKNOWN && announced != m_length)
    refuse(fmt::format("its header says {} bytes, but {} were packed", announced, m_length));
}

std::size_t PackedStream::read(std::span<char> room) {
  ZSTD_outBuffer out{room.data(), room.size(), 0};
  while (out.pos == 0 && !m_frame_ended) {
    const bool more = m_begin < m_end || fill();
    ZSTD_inBuffer in{m_buffer.data() + m_begin, m_end - m_begin, 0};
    const std::size_t wanted = ZSTD_decompressStream(m_context.get(), &out, &in);
    if (ZSTD_isError(wanted))
      refuse(ZSTD_getErrorName(wanted));
    m_begin += in.pos;
    m_frame_ended = wanted == 0;
    if (!more && !m_frame_ended && out.pos == 0)
      refuse("it is cut");
  }
  m_done += out.pos;
  if (m_done > m_length)
    refuse(fmt::format("it holds more than the {} bytes that were packed", m_length));
  if (m_frame_ended) {
    if (m_done < m_length)
      refuse(fmt::format("it holds {} bytes, and {} were packed", m_done, m_length));
    if (m_begin < m_end || fill())
      refuse("something follows its end");
  }
  return out.pos;
}

// Reads on; false at the end of the file.
bool PackedStream::fill() {
  m_begin = 0;
  m_end = m_file.read(m_buffer);
  return m_end > 0;
}

void PackedStream::refuse(const std::string& why) const {
  throw Error(
      ErrorKind::corrupt, fmt::format("\"{}\" is damaged: {}", m_path.string(), why), m_hint);
}

} // namespace embedctl::zst
