#include "sandbox/embeddings.hpp"

#include "sandbox/api_error.hpp"
#include "json/writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace embedctl::sandbox {

namespace {

constexpr std::array<Model, 3> k_models = {{
    {"text-embedding-3-small", 1536, true},
    {"text-embedding-3-large", 3072, true},
    {"text-embedding-ada-002", 1536, false},
}};

constexpr std::size_t k_most_inputs = 2048;
constexpr std::uint64_t k_most_tokens_per_input = 8192;
constexpr std::uint64_t k_most_tokens = 300'000;
constexpr std::size_t k_bytes_per_token = 4;

constexpr std::array<std::string_view, 5> k_parameters = {
    "input", "model", "encoding_format", "dimensions", "user"};

ApiError bad_input() {
  return ApiError(
      400, "'$.input' is invalid. Please check the API reference: "
           "https://platform.openai.com/docs/api-reference.");
}

struct Input {
  std::string text;
  std::uint64_t tokens = 0;
};

Input read_token_array(const json::Value& value) {
  Input input;
  value.for_each([&](const json::Value& element) {
    const auto token = element.as_int();
    if (!token || *token < 0)
      throw bad_input();
    fmt::format_to(std::back_inserter(input.text), "{} ", *token);
    ++input.tokens;
  });
  if (input.tokens == 0)
    throw bad_input();
  return input;
}

Input read_input(const json::Value& value) {
  if (value.is_array())
    return read_token_array(value);
  const auto text = value.as_string();
  if (!text || text->empty())
    throw bad_input();
  return {std::string(*text), estimate_tokens(*text)};
}

bool is_token_array(const json::Value& value) {
  bool all_numbers = value.is_array();
  value.for_each([&](const json::Value& element) {
    all_numbers = all_numbers && element.as_int().has_value();
  });
  return all_numbers;
}

std::vector<Input> read_inputs(const json::Value& body) {
  const auto value = body.find("input");
  if (!value)
    throw ApiError(
        400, "Missing required parameter: 'input'.", "missing_required_parameter", "input");
  std::vector<Input> inputs;
  if (!value->is_array() || is_token_array(*value)) {
    inputs.push_back(read_input(*value));
    return inputs;
  }
  value->for_each([&](const json::Value& element) { inputs.push_back(read_input(element)); });
  if (inputs.size() > k_most_inputs)
    throw ApiError(
        400,
        fmt::format(
            "Invalid 'input': array too long. Expected an array with maximum length {}, but got an "
            "array with length {} instead.",
            k_most_inputs, inputs.size()),
        "array_above_max_length", "input");
  return inputs;
}

const Model& read_model(const json::Value& body) {
  const auto name = body.string("model");
  if (!name)
    throw ApiError(400, "you must provide a model parameter");
  const Model* model = find_model(*name);
  if (model == nullptr)
    throw ApiError(
        404, fmt::format("The model '{}' does not exist or you do not have access to it.", *name),
        "model_not_found");
  return *model;
}

int read_dims(const json::Value& body, const Model& model) {
  if (!body.find("dimensions"))
    return model.dims;
  if (!model.can_shorten)
    throw ApiError(400, "This model does not support specifying dimensions.", {}, "dimensions");
  const auto dims = body.integer("dimensions");
  if (!dims)
    throw ApiError(
        400, "Invalid type for 'dimensions': expected an integer.", "invalid_type", "dimensions");
  if (*dims < 1 || *dims > model.dims)
    throw ApiError(
        400,
        fmt::format(
            "Invalid value for 'dimensions' = {}. Must be between 1 and {}.", *dims, model.dims),
        "invalid_value", "dimensions");
  return static_cast<int>(*dims);
}

Encoding read_encoding(const json::Value& body) {
  if (!body.find("encoding_format"))
    return Encoding::floats;
  const auto name = body.string("encoding_format").value_or("");
  if (name == "float")
    return Encoding::floats;
  if (name == "base64")
    return Encoding::base64;
  throw ApiError(
      400, "Invalid value for 'encoding_format'. Supported values are: 'float' and 'base64'.",
      "invalid_value", "encoding_format");
}

void refuse_unknown_parameters(const json::Value& body) {
  body.for_each_member([](std::string_view key, const json::Value&) {
    if (std::find(k_parameters.begin(), k_parameters.end(), key) == k_parameters.end())
      throw ApiError(400, fmt::format("Unrecognized request argument supplied: {}", key));
  });
}

} // namespace

std::span<const Model> models() {
  return k_models;
}

const Model* find_model(std::string_view name) {
  const auto found = std::find_if(
      k_models.begin(), k_models.end(), [&](const Model& model) { return model.name == name; });
  return found == k_models.end() ? nullptr : &*found;
}

std::uint64_t estimate_tokens(std::string_view text) {
  return std::max<std::uint64_t>(1, (text.size() + k_bytes_per_token - 1) / k_bytes_per_token);
}

InputSize measure_input(const json::Value& body) {
  InputSize size;
  const auto input = body.find("input");
  if (!input)
    return size;
  const auto add = [&size](const json::Value& value) {
    ++size.inputs;
    if (const auto text = value.as_string())
      size.tokens += estimate_tokens(*text);
    else
      value.for_each([&size](const json::Value&) { ++size.tokens; });
  };
  if (!input->is_array() || is_token_array(*input))
    add(*input);
  else
    input->for_each(add);
  return size;
}

EmbeddingRequest read_embedding_request(const json::Value& body) {
  if (!body.is_object())
    throw ApiError(400, "The request body is not a JSON object.");
  refuse_unknown_parameters(body);
  EmbeddingRequest request;
  const Model& model = read_model(body);
  request.model = model.name;
  request.dims = read_dims(body, model);
  request.encoding = read_encoding(body);
  for (Input& input : read_inputs(body)) {
    if (input.tokens > k_most_tokens_per_input)
      throw ApiError(
          400, fmt::format(
                   "Invalid 'input[{}]': maximum input length is {} tokens.", request.inputs.size(),
                   k_most_tokens_per_input));
    request.tokens += input.tokens;
    request.inputs.push_back(std::move(input.text));
  }
  if (request.tokens > k_most_tokens)
    throw ApiError(
        400,
        fmt::format(
            "Requested {} tokens, max {} tokens per request", request.tokens, k_most_tokens),
        "max_tokens_per_request", {}, "max_tokens_per_request");
  return request;
}

void append_embeddings(std::string& out, const EmbeddingRequest& request) {
  out += R"({"object":"list","data":[)";
  for (std::size_t i = 0; i < request.inputs.size(); ++i) {
    fmt::format_to(
        std::back_inserter(out), R"({}{{"object":"embedding","index":{},"embedding":)",
        i > 0 ? "," : "", i);
    append_vector(out, embed(request.inputs[i], request.dims), request.encoding);
    out += '}';
  }
  out += R"(],"model":)";
  json::append_string(out, request.model);
  fmt::format_to(
      std::back_inserter(out), R"(,"usage":{{"prompt_tokens":{0},"total_tokens":{0}}}}})",
      request.tokens);
}

std::optional<WantedFailure> wanted_failure(const EmbeddingRequest& request) {
  constexpr std::string_view k_marker = "[[fail:";
  for (const std::string& input : request.inputs) {
    const auto start = input.find(k_marker);
    if (start == std::string::npos)
      continue;
    const auto end = input.find("]]", start);
    if (end == std::string::npos)
      continue;
    const auto from = start + k_marker.size();
    WantedFailure wanted{0, input.substr(from, end - from)};
    int status = 0;
    const char* const last = wanted.code.data() + wanted.code.size();
    const auto parsed = std::from_chars(wanted.code.data(), last, status);
    if (parsed.ec == std::errc() && parsed.ptr == last && status >= 400 && status < 600)
      wanted.status = status;
    return wanted;
  }
  return std::nullopt;
}

} // namespace embedctl::sandbox
