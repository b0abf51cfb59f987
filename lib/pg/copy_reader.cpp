#include "pg/copy_reader.hpp"

#include "base/error.hpp"
#include "pg/big_endian.hpp"

namespace embedctl::pg {

namespace {

constexpr std::string_view k_signature("PGCOPY\n\xff\r\n\0", 11);
constexpr std::size_t k_fixed_header = k_signature.size() + 2 * sizeof(std::uint32_t);
constexpr std::int16_t k_end_of_data = -1;
constexpr std::int32_t k_null = -1;

// Postgres limits values and messages to 1 GiB, so a longer row is not from Postgres.
constexpr std::size_t k_max_row = std::size_t{1} << 30;

// No known server sends a header extension; this allows one without trusting its length.
constexpr std::uint32_t k_max_extension = 64 * 1024;

[[noreturn]] void throw_corrupt(const char* what) {
  throw Error(
      ErrorKind::corrupt, std::string("the database's COPY stream is damaged: ") + what,
      "a pooler or proxy in between may be at fault; nothing was sent");
}

} // namespace

void CopyReader::feed(std::string_view bytes, const TakeRow& take) {
  if (m_rest.empty()) { // the usual case: a piece is a row, and no byte of it is copied
    m_rest = consume(bytes, take);
    return;
  }
  m_rest += bytes;
  const std::string_view left = consume(m_rest, take);
  m_rest.erase(0, m_rest.size() - left.size());
}

void CopyReader::finish() const {
  if (m_state != State::ended)
    throw_corrupt("it ends early");
}

std::string_view CopyReader::consume(std::string_view bytes, const TakeRow& take) {
  if (m_state == State::header && !read_header(bytes))
    return bytes;
  while (m_state == State::rows && read_row(bytes, take))
    ;
  if (m_state == State::ended && !bytes.empty())
    throw_corrupt("it continues past its end");
  return bytes;
}

bool CopyReader::read_header(std::string_view& bytes) {
  if (!k_signature.starts_with(bytes.substr(0, k_signature.size())))
    throw_corrupt("it has no signature");
  if (bytes.size() < k_fixed_header)
    return false;
  const auto flags = load_big_endian<std::uint32_t>(bytes.data() + k_signature.size());
  const auto extension = load_big_endian<std::uint32_t>(bytes.data() + k_signature.size() + 4);
  if (flags != 0)
    throw_corrupt("it has unknown flags");
  if (extension > k_max_extension)
    throw_corrupt("its header is too long");
  if (bytes.size() < k_fixed_header + extension)
    return false;
  bytes.remove_prefix(k_fixed_header + extension);
  m_state = State::rows;
  return true;
}

bool CopyReader::read_row(std::string_view& bytes, const TakeRow& take) {
  std::string_view rest = bytes;
  if (rest.size() < sizeof(std::uint16_t))
    return false;
  const auto columns = static_cast<std::int16_t>(load_big_endian<std::uint16_t>(rest.data()));
  rest.remove_prefix(sizeof(std::uint16_t));
  if (columns == k_end_of_data) {
    m_state = State::ended;
    bytes = rest;
    return false;
  }
  if (columns < 0 || static_cast<std::size_t>(columns) != m_fields.size())
    throw_corrupt("a row has the wrong number of columns");

  std::size_t row_size = sizeof(std::uint16_t);
  for (Field& field : m_fields) {
    if (rest.size() < sizeof(std::uint32_t))
      return false;
    const auto length = static_cast<std::int32_t>(load_big_endian<std::uint32_t>(rest.data()));
    rest.remove_prefix(sizeof(std::uint32_t));
    if (length == k_null) {
      field = std::nullopt;
      continue;
    }
    const auto size = static_cast<std::size_t>(length);
    row_size += sizeof(std::uint32_t) + size;
    if (length < 0 || row_size > k_max_row)
      throw_corrupt("a field's length is not valid");
    if (rest.size() < size)
      return false;
    field = rest.substr(0, size);
    rest.remove_prefix(size);
  }
  take(m_fields);
  bytes = rest;
  return true;
}

} // namespace embedctl::pg
