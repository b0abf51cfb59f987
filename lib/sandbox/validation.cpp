#include "sandbox/validation.hpp"

#include "base/file.hpp"
#include "sandbox/disk.hpp"
#include "sandbox/embeddings.hpp"
#include "json/value.hpp"

#include <unordered_set>

#include <fmt/format.h>

namespace embedctl::sandbox {

namespace {

// A file that is wrong throughout needs no error for each of its lines.
constexpr std::size_t k_most_errors = 100;

using Finding = std::optional<InputError>;

class Validator {
public:
  Validator(const std::string& endpoint, const InputLimits& limits)
      : m_endpoint(endpoint), m_limits(limits) {}

  void check(const LineReader::Line& line);
  Validation finish() &&;
  bool full() const { return m_result.errors.size() >= k_most_errors; }

private:
  Finding check_line(std::string_view text);
  Finding check_custom_id(const json::Value& request);
  Finding check_model(const json::Value& body);
  void add(InputError error, std::optional<std::uint64_t> line = {});

  const std::string& m_endpoint;
  const InputLimits& m_limits;
  Validation m_result;
  std::unordered_set<std::string> m_custom_ids;
  std::uint64_t m_requests = 0;
  std::uint64_t m_inputs = 0;
};

InputError missing(const char* parameter) {
  return {
      "missing_required_parameter",
      fmt::format("Missing required parameter: '{}'.", parameter),
      parameter,
      {}};
}

void Validator::add(InputError error, std::optional<std::uint64_t> line) {
  error.line = line;
  if (!full())
    m_result.errors.push_back(std::move(error));
}

void Validator::check(const LineReader::Line& line) {
  // Past the limit, lines are only counted: what is kept of each must not grow with the file.
  if (++m_requests > m_limits.requests)
    return;
  if (auto found = check_line(line.text))
    add(*std::move(found), line.number);
  else
    m_result.requests.push_back(
        {line.offset, static_cast<std::uint32_t>(line.text.size()),
         static_cast<std::uint32_t>(line.number)});
}

Finding Validator::check_line(std::string_view text) {
  const auto document = json::Document::try_parse(text);
  if (!document || !document->root().is_object())
    return InputError{"invalid_json_line", "This line is not parseable as valid JSON.", {}, {}};
  const auto request = document->root();
  if (auto found = check_custom_id(request))
    return found;
  if (request.string("method").value_or("") != "POST")
    return request.find("method") ? Finding(InputError{
               "invalid_value",
               "Invalid value for 'method'. Supported values are: 'POST'.",
               "method",
               {}})
                                  : missing("method");
  const auto url = request.string("url");
  if (!url)
    return missing("url");
  if (*url != m_endpoint)
    return InputError{
        "invalid_url",
        "The URL provided for this request does not match the batch endpoint.",
        "url",
        {}};
  const auto body = request.find("body");
  if (!body || !body->is_object())
    return missing("body");
  if (auto found = check_model(*body))
    return found;
  if (!body->find("input"))
    return missing("body.input");
  const InputSize size = measure_input(*body);
  m_inputs += size.inputs;
  m_result.tokens += size.tokens;
  return std::nullopt;
}

Finding Validator::check_custom_id(const json::Value& request) {
  auto custom_id = request.string("custom_id");
  if (!custom_id)
    return missing("custom_id");
  const auto [place, is_new] = m_custom_ids.insert(*std::move(custom_id));
  if (is_new)
    return std::nullopt;
  return InputError{
      "duplicate_custom_id",
      fmt::format(
          "The custom_id '{}' for this request is a duplicate of another request. The custom_id "
          "parameter must be unique for each request in a batch.",
          *place),
      "custom_id",
      {}};
}

Finding Validator::check_model(const json::Value& body) {
  const auto model = body.string("model");
  if (!model)
    return InputError{"invalid_request", "Model parameter is required.", "body.model", {}};
  if (find_model(*model) == nullptr)
    return InputError{
        "model_not_found",
        fmt::format("The provided model '{}' is not supported by the Batch API.", *model),
        "body.model",
        {}};
  if (m_result.model.empty())
    m_result.model = *model;
  if (*model != m_result.model)
    return InputError{
        "mismatched_model",
        fmt::format(
            "The model '{}' for this request does not match the rest of the batch. Each batch must "
            "contain requests for a single model.",
            *model),
        "body.model",
        {}};
  return std::nullopt;
}

Validation Validator::finish() && {
  if (m_requests == 0)
    add(
        {"empty_file",
         "The input file is empty. Please ensure that the batch contains at least one request.",
         {},
         {}});
  if (m_requests > m_limits.requests)
    add(
        {"maximum_requests_exceeded",
         fmt::format(
             "The batch has {} requests, more than the maximum of {}.", m_requests,
             m_limits.requests),
         {},
         {}});
  if (m_inputs > m_limits.inputs)
    add(
        {"maximum_embedding_inputs_exceeded",
         fmt::format(
             "The batch has {} embedding inputs, more than the maximum of {}.", m_inputs,
             m_limits.inputs),
         {},
         {}});
  return std::move(m_result);
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

} // namespace

Validation validate_input(
    const std::filesystem::path& file, const std::string& endpoint, const InputLimits& limits) {
  const auto size = embedctl::file_size(file);
  if (size > limits.bytes) {
    Validation refused;
    refused.errors.push_back(
        {"maximum_input_file_size_exceeded",
         fmt::format(
             "The input file has {} bytes, more than the maximum of {} bytes.", size, limits.bytes),
         {},
         {}});
    return refused;
  }

  Validator validator(endpoint, limits);
  LineReader reader(file);
  // Blank lines are wrong where a request follows them; at the end of the file they are nothing.
  std::vector<LineReader::Line> blank_lines;
  while (const auto line = reader.next()) {
    if (is_blank(line->text)) {
      if (blank_lines.size() < k_most_errors)
        blank_lines.push_back({{}, line->offset, line->number});
      continue;
    }
    for (const auto& blank : blank_lines)
      validator.check(blank);
    blank_lines.clear();
    validator.check(*line);
    if (validator.full())
      break;
  }
  return std::move(validator).finish();
}

} // namespace embedctl::sandbox
