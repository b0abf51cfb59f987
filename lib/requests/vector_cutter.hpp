#pragma once

#include "requests/answer.hpp"
#include "requests/vector_reader.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace embedctl::requests {

// Takes the vector out of a line before the line is parsed. Its numbers are most of the line, and a
// parser takes as long to pass over them as VectorReader takes to read them. Only after the parse
// is it known whether what was taken out is the embedding: see was_at().
class VectorCutter {
public:
  explicit VectorCutter(VectorReader& reader) : m_reader(reader) {}

  // Reads the first member called "embedding". Returns the line with "[]" in place of its value,
  // followed by json::LineReader::k_padding readable bytes, or the line itself if nothing can be
  // cut out. Valid until the next call.
  std::string_view cut(std::string_view line);

  void reset() { m_shortened.clear(); }

  bool has_cut() const { return !m_shortened.empty(); }

  // Whether it was this value of the shortened line that was cut out.
  bool was_at(std::string_view value) const { return value.data() == m_shortened.data() + m_at; }

  // What was cut out.
  Answer vector();

private:
  VectorReader& m_reader;
  std::string m_shortened; // empty if nothing was cut out
  std::size_t m_at = 0;    // where "[]" is
  std::string_view m_rare; // the array, if it has to be parsed
};

} // namespace embedctl::requests
