#include "sandbox/api_error.hpp"
#include "sandbox/embeddings.hpp"
#include "sandbox/routes.hpp"
#include "json/writer.hpp"

#include <fmt/format.h>

namespace embedctl::sandbox {

namespace {

// 2024-01-25, when the third generation came out.
constexpr std::int64_t k_model_created = 1'706'140'800;

void write_model(json::Writer& writer, const Model& model) {
  writer.begin_object()
      .field("id", model.name)
      .field("object", "model")
      .field("created", k_model_created)
      .field("owned_by", "sandbox")
      .end_object();
}

std::string models_json() {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().field("object", "list").key("data").begin_array();
  for (const Model& model : models())
    write_model(writer, model);
  writer.end_array().end_object();
  return out;
}

std::string model_json(const std::string& name) {
  const Model* model = find_model(name);
  if (model == nullptr)
    throw ApiError(
        404, fmt::format("The model '{}' does not exist", name), "model_not_found", "model");
  std::string out;
  json::Writer writer(out);
  write_model(writer, *model);
  return out;
}

std::string embed_now(const std::string& body) {
  const auto document = json::Document::try_parse(body);
  if (!document)
    throw ApiError(400, "We could not parse the JSON body of your request.");
  const auto request = read_embedding_request(document->root());
  if (const auto wanted = wanted_failure(request))
    throw ApiError(
        wanted->status != 0 ? wanted->status : 500,
        fmt::format("The sandbox let this request fail with {}.", wanted->code), wanted->code);
  std::string out;
  append_embeddings(out, request);
  return out;
}

} // namespace

void add_model_routes(Router& router) {
  router.add("GET /v1/models", [](Exchange& exchange) { exchange.answer(models_json()); });
  router.add("GET /v1/models/{id}", [](Exchange& exchange) {
    exchange.answer(model_json(exchange.id()));
  });
  router.add(
      "POST /v1/embeddings", [](Exchange& exchange) { exchange.answer(embed_now(exchange.body)); });
}

} // namespace embedctl::sandbox
