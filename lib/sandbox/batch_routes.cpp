#include "sandbox/api_error.hpp"
#include "sandbox/routes.hpp"
#include "json/value.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace embedctl::sandbox {

namespace {

constexpr std::string_view k_embeddings = "/v1/embeddings";
constexpr std::size_t k_most_pairs = 16;
constexpr std::size_t k_longest_key = 64;
constexpr std::size_t k_longest_value = 512;
constexpr std::int64_t k_shortest_lifetime = 3'600;
constexpr std::int64_t k_longest_lifetime = 2'592'000;

std::string required(const json::Value& body, const char* name) {
  const auto found = body.find(name);
  if (!found)
    throw ApiError(
        400, fmt::format("Missing required parameter: '{}'.", name), "missing_required_parameter",
        name);
  const auto text = found->as_string();
  if (!text)
    throw ApiError(
        400, fmt::format("Invalid type for '{}': expected a string.", name), "invalid_type", name);
  return std::string(*text);
}

void only_value(const std::string& given, std::string_view supported, const char* param) {
  if (given != supported)
    throw ApiError(
        400, fmt::format("Invalid value: '{}'. Supported values are: '{}'.", given, supported),
        "invalid_value", param);
}

std::map<std::string, std::string> read_metadata(const json::Value& body) {
  std::map<std::string, std::string> metadata;
  const auto given = body.find("metadata");
  if (!given)
    return metadata;
  if (!given->is_object())
    throw ApiError(
        400, "Invalid type for 'metadata': expected an object.", "invalid_type", "metadata");
  given->for_each_member([&](std::string_view key, const json::Value& value) {
    const auto param = fmt::format("metadata.{}", key);
    const auto text = value.as_string();
    if (!text)
      throw ApiError(
          400, fmt::format("Invalid type for '{}': expected a string.", param), "invalid_type",
          param);
    if (key.size() > k_longest_key)
      throw ApiError(
          400,
          fmt::format(
              "Invalid 'metadata': key too long. Expected a key with maximum length {}, but got a "
              "key with length {} instead.",
              k_longest_key, key.size()),
          "string_above_max_length", "metadata");
    if (text->size() > k_longest_value)
      throw ApiError(
          400,
          fmt::format(
              "Invalid '{}': string too long. Expected a string with maximum length {}, but got a "
              "string with length {} instead.",
              param, k_longest_value, text->size()),
          "string_above_max_length", param);
    metadata.emplace(key, *text);
  });
  if (metadata.size() > k_most_pairs)
    throw ApiError(
        400,
        fmt::format(
            "Invalid 'metadata': too many properties. Expected an object with at most {} "
            "properties, but got an object with {} properties instead.",
            k_most_pairs, metadata.size()),
        "object_above_max_properties", "metadata");
  return metadata;
}

std::optional<std::int64_t> read_output_lifetime(const json::Value& body) {
  const auto given = body.find("output_expires_after");
  if (!given)
    return std::nullopt;
  only_value(given->string("anchor").value_or(""), "created_at", "output_expires_after.anchor");
  const auto seconds = given->integer("seconds").value_or(0);
  if (seconds < k_shortest_lifetime || seconds > k_longest_lifetime)
    throw ApiError(
        400, "Invalid 'output_expires_after.seconds': expected a value from 3600 to 2592000.",
        "invalid_value", "output_expires_after.seconds");
  return seconds;
}

BatchRequest read_request(const Exchange& exchange) {
  const auto document = json::Document::try_parse(exchange.body);
  if (!document || !document->root().is_object())
    throw ApiError(400, "We could not parse the JSON body of your request.");
  const auto body = document->root();
  BatchRequest request;
  request.input_file_id = required(body, "input_file_id");
  request.endpoint = required(body, "endpoint");
  only_value(request.endpoint, k_embeddings, "endpoint");
  request.completion_window = required(body, "completion_window");
  only_value(request.completion_window, "24h", "completion_window");
  request.metadata = read_metadata(body);
  request.output_lifetime_seconds = read_output_lifetime(body);
  if (const FaultRule* fault = exchange.fault(FaultAction::fail_validation))
    request.refuse_with = fault->refuse_with;
  return request;
}

ApiError no_such_batch(const std::string& id) {
  return ApiError(404, fmt::format("No batch found with id '{}'.", id));
}

Batch find_or_throw(const Engine& engine, const std::string& id) {
  auto batch = engine.find(id);
  if (!batch)
    throw no_such_batch(id);
  return *std::move(batch);
}

std::string list_batches(const Exchange& exchange, const Engine& engine) {
  const auto limit = query_number(exchange, "limit", 1, 100, 20);
  const std::string after = exchange.request.get_param_value("after");
  const auto page = engine.list(after, static_cast<std::size_t>(limit));
  if (!page)
    throw no_such_batch(after);
  return list_json(*page);
}

} // namespace

void add_batch_routes(Router& router, Engine& engine) {
  router.add("POST /v1/batches", [&engine](Exchange& exchange) {
    exchange.answer(engine.create(read_request(exchange)).json());
  });
  router.add("GET /v1/batches", [&engine](Exchange& exchange) {
    exchange.answer(list_batches(exchange, engine));
  });
  router.add("GET /v1/batches/{id}", [&engine](Exchange& exchange) {
    exchange.answer(find_or_throw(engine, exchange.id()).json());
  });
  router.add("POST /v1/batches/{id}/cancel", [&engine](Exchange& exchange) {
    exchange.answer(engine.cancel(exchange.id()).json());
  });
}

} // namespace embedctl::sandbox
