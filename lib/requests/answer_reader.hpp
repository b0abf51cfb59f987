#pragma once

#include "core/request.hpp"
#include "requests/answer.hpp"
#include "json/line_reader.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

namespace embedctl::requests {

// The lines of an output.jsonl or errors.jsonl, in whatever order they are.
class AnswerReader {
public:
  AnswerReader(RequestKind kind, std::unique_ptr<InputStream> text);
  AnswerReader(RequestKind kind, const std::filesystem::path& path);
  ~AnswerReader();
  AnswerReader(AnswerReader&&) noexcept;

  // Goes to the next line that is not blank; false at the end.
  bool next();

  std::uint64_t line_number() const { return m_lines.number(); }
  std::string_view line() const { return m_lines.line(); }

  // What custom_id() returns for a valid line, at a fraction of the cost; it may also find the id
  // in a damaged line.
  std::optional<std::string_view> likely_id();

  // The id of the request that the line answers; nullopt for a line that belongs to no request: it
  // is not valid JSON, cut, too long, or without a custom_id. Valid until the next call of any
  // method.
  std::optional<std::string_view> custom_id();

  // What a line that has a custom_id says.
  Answer answer();

private:
  struct Parser;
  json::LineReader m_lines;
  std::unique_ptr<Parser> m_parser;
};

} // namespace embedctl::requests
