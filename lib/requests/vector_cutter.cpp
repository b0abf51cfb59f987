#include "requests/vector_cutter.hpp"

#include "json/line_reader.hpp"

namespace embedctl::requests {

namespace {

// Where the value of the first member called "embedding" begins, or npos.
std::size_t find_vector(std::string_view line) {
  constexpr std::string_view k_name = R"("embedding")";
  constexpr std::string_view k_spaces = " \t\r";
  std::size_t at = line.find(k_name);
  for (; at != std::string_view::npos; at = line.find(k_name, at)) {
    at = line.find_first_not_of(k_spaces, at + k_name.size());
    if (at != std::string_view::npos && line[at] == ':')
      break;
  }
  return at == std::string_view::npos ? at : line.find_first_not_of(k_spaces, at + 1);
}

} // namespace

std::string_view VectorCutter::cut(std::string_view line) {
  m_shortened.clear();
  m_at = find_vector(line);
  if (m_at == std::string_view::npos)
    return line;
  const std::string_view rest = line.substr(m_at);
  std::size_t length = m_reader.read_plain(rest);
  m_rare = length == 0 ? flat_array(rest) : std::string_view();
  length += m_rare.size();
  if (length == 0)
    return line;
  m_shortened.append(line.substr(0, m_at)).append("[]").append(line.substr(m_at + length));
  m_shortened.reserve(m_shortened.size() + json::LineReader::k_padding);
  return m_shortened;
}

Answer VectorCutter::vector() {
  return m_rare.empty() ? Answer(m_reader.plain()) : m_reader.parse_array(m_rare);
}

} // namespace embedctl::requests
