#include "requests/answer_reader.hpp"

#include "requests/embedding_reader.hpp"
#include "json/lazy_document.hpp"
#include "json/plain_members.hpp"

#include <string>

#include <fmt/format.h>

namespace embedctl::requests {

namespace {

// {"code":…, "type":…, "message":…}, of which any may be missing.
Failure described_failure(json::LazyObject error, std::string_view fallback_code) {
  auto code = error.string("code");
  if (!code || code->empty())
    code = error.string("type");
  const auto message = error.string("message");
  return failure(
      code && !code->empty() ? *code : fallback_code,
      message ? *message : "the provider gave no reason");
}

} // namespace

// What all kinds of answers have in common is read here, and the body by the reader of its kind.
struct AnswerReader::Parser {
  explicit Parser(RequestKind request_kind) : kind(request_kind) {}

  RequestKind kind;
  json::LazyDocument document;
  EmbeddingReader embeddings;
  std::string_view line;
  bool is_parsed = false;

  void start(std::string_view new_line) {
    line = new_line;
    is_parsed = false;
  }

  std::optional<json::LazyObject> root() {
    if (!is_parsed)
      document.parse(shortened());
    is_parsed = true;
    return document.root();
  }

  std::string_view shortened() {
    switch (kind) {
    case RequestKind::embed:
      return embeddings.shorten(line);
    }
    return line;
  }

  std::optional<Answer> read_body(std::optional<json::LazyObject> body) {
    switch (kind) {
    case RequestKind::embed:
      return embeddings.read(body);
    }
    return std::nullopt;
  }

  // Nullopt if the shortened line does not tell.
  std::optional<Answer> read() {
    auto line_object = root();
    if (!line_object)
      return failure("bad_line", "the line is not valid JSON");
    if (auto response = line_object->object("response"))
      return read_response(*response);
    if (auto error = line_object->object("error"))
      return described_failure(*error, "unknown_error");
    return failure("no_result", "the line contains neither a response nor an error");
  }

  std::optional<Answer> read_response(json::LazyObject response) {
    const auto status = response.integer("status_code");
    auto body = response.object("body");
    if (status && *status >= 200 && *status < 300)
      return read_body(body);
    const std::string code = status ? fmt::format("http_{}", *status) : "no_status";
    if (auto error = body ? body->object("error") : std::nullopt)
      return described_failure(*error, code);
    return failure(code, "the provider answered this request with an error");
  }

  Answer read_whole() {
    embeddings.keep_whole();
    document.parse(line);
    return read().value();
  }
};

AnswerReader::AnswerReader(RequestKind kind, std::unique_ptr<InputStream> text)
    : m_lines(std::move(text)), m_parser(std::make_unique<Parser>(kind)) {}

AnswerReader::AnswerReader(RequestKind kind, const std::filesystem::path& path)
    : AnswerReader(kind, std::make_unique<FileStream>(path)) {}

AnswerReader::~AnswerReader() = default;
AnswerReader::AnswerReader(AnswerReader&&) noexcept = default;

bool AnswerReader::next() {
  while (m_lines.next())
    if (m_lines.too_long() || m_lines.line().find_first_not_of(" \t\r") != std::string_view::npos) {
      m_parser->start(m_lines.line());
      return true;
    }
  return false;
}

std::optional<std::string_view> AnswerReader::likely_id() {
  if (const auto id = json::PlainMembers(m_lines.line()).text("custom_id"))
    return id;
  return custom_id();
}

std::optional<std::string_view> AnswerReader::custom_id() {
  auto line = m_parser->root();
  return line ? line->string("custom_id") : std::nullopt;
}

Answer AnswerReader::answer() {
  auto answer = m_parser->read();
  return answer ? *std::move(answer) : m_parser->read_whole();
}

} // namespace embedctl::requests
