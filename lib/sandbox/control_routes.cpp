#include "base/error.hpp"
#include "sandbox/api_error.hpp"
#include "sandbox/routes.hpp"
#include "json/value.hpp"

namespace embedctl::sandbox {

namespace {

Millis read_seconds(const std::string& body) {
  const auto document = json::Document::try_parse(body);
  const auto value = document ? document->root().find("seconds") : std::nullopt;
  const auto seconds = value ? value->as_double() : std::nullopt;
  if (!seconds || *seconds < 0)
    throw ApiError(400, "Expected {\"seconds\": n}.");
  return to_millis(*seconds);
}

} // namespace

void add_control_routes(
    Router& router, Engine& engine, FaultPlan& faults, const std::function<void(Millis)>& advance) {
  router.add("POST /_sandbox/advance", [advance](Exchange& exchange) {
    advance(read_seconds(exchange.body));
    exchange.answer("{}");
  });
  router.add("POST /_sandbox/faults", [&faults](Exchange& exchange) {
    try {
      faults.replace(exchange.body);
    } catch (const Error& error) {
      throw ApiError(400, error.what());
    }
    exchange.answer(faults.json());
  });
  router.add(
      "GET /_sandbox/faults", [&faults](Exchange& exchange) { exchange.answer(faults.json()); });
  router.add("GET /_sandbox/ledger", [&engine](Exchange& exchange) {
    exchange.answer(engine.billed().json());
  });
  router.add("GET /_sandbox/calls", [&router](Exchange& exchange) {
    exchange.answer(router.calls_json());
  });
}

} // namespace embedctl::sandbox
