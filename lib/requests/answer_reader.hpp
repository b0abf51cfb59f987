#pragma once

#include "json/line_reader.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace embedctl::requests {

// A vector as it came: of whatever width, every number finite. Valid until the next line.
struct Embedding {
  std::span<const float> values;
};

// The provider failed this row, or what it sent is no vector.
struct Failure {
  std::string code;
  std::string message;
};

using Answer = std::variant<Embedding, Failure>;

// The lines of an output.jsonl or errors.jsonl, in whatever order they are. Both embeddings as
// arrays and as base64 are understood, by what each line holds and not by what was asked for.
class AnswerReader {
public:
  explicit AnswerReader(std::unique_ptr<InputStream> text);
  explicit AnswerReader(const std::filesystem::path& path);
  ~AnswerReader();
  AnswerReader(AnswerReader&&) noexcept;

  // Goes to the next line that is not blank; false at the end.
  bool next();

  std::uint64_t line_number() const { return m_lines.number(); }
  std::string_view line() const { return m_lines.line(); }

  // What custom_id() will say of a sound line, at a fraction of the cost; of a damaged one it may
  // still tell the id.
  std::optional<std::string_view> likely_id();

  // Whose result the line is; nullopt for a line that cannot be given to any row: no JSON, cut,
  // too long, or without a custom_id. Valid until the next call of any method.
  std::optional<std::string_view> custom_id();

  // The result of a line that has a custom_id.
  Answer answer();

private:
  struct Parser;
  json::LineReader m_lines;
  std::unique_ptr<Parser> m_parser;
};

} // namespace embedctl::requests
