#include "support/catch.hpp"
#include "torture/sweep.hpp"

#include <array>

#include <fmt/format.h>

namespace embedctl::torture {

namespace {

constexpr std::array<const char*, 5> k_endpoints = {
    "GET /v1/batches", "POST /v1/files", "POST /v1/batches", "GET /v1/batches/{id}",
    "GET /v1/files/{id}/content"};

// What goes wrong in a call, or in several from it on. Nothing of it makes a row fail for good.
constexpr std::array k_faults = {
    R"("action": "drop_before")",
    R"("action": "drop_before", "count": 3)",
    R"("action": "drop_after")",
    R"("action": "drop_after", "count": 2)",
    R"("action": "truncate", "bytes": 0)",
    R"("action": "truncate", "bytes": 40)",
    R"("action": "stall", "bytes": 40, "seconds": 0.3)",
    R"("action": "wait", "seconds": 0.3)",
    R"("action": "status", "status": 429, "count": 3, "headers": {"retry-after-ms": "20"})",
    R"("action": "status", "status": 500, "count": 2, "headers": {"retry-after-ms": "20"})",
    R"("action": "status", "status": 503, "count": 0, "headers": {"retry-after-ms": "900"})",
    R"("action": "status", "status": 500, "after_effect": true)",
    R"("action": "status", "status": 504, "after_effect": true, "count": 2)",
    R"("action": "status", "status": 408, "after_effect": true)",
    R"("action": "status", "status": 200, "after_effect": true, "body": "<html>all is well</html>")",
    R"("action": "status", "status": 200, "after_effect": true, "body": {})",
    R"("action": "status", "status": 302, "headers": {"Location": "http://127.0.0.1:1/"})",
    R"("action": "status", "status": 400)",
    R"("action": "status", "status": 401)",
    R"("action": "status", "status": 403)",
    R"("action": "status", "status": 404)",
    R"("action": "status", "status": 409)",
    R"("action": "damage", "mode": "not_json")",
    R"("action": "damage", "mode": "no_custom_id")",
    R"("action": "damage", "mode": "repeat_custom_id")",
};

constexpr long k_calls = 3; // of each endpoint, in a life

constexpr long k_combinations = static_cast<long>(k_endpoints.size() * k_faults.size()) * k_calls;

std::int64_t times_fired(const Place& place) {
  return e2e::Json(place.world().sandbox().get("/_sandbox/faults")).number("rules.1.fired");
}

// The combination of this number, from 0 on.
std::string rule(long number) {
  const auto endpoint = static_cast<std::size_t>(number) % k_endpoints.size();
  const auto fault = static_cast<std::size_t>(number) / k_endpoints.size() % k_faults.size();
  const long call = 1 + number / static_cast<long>(k_endpoints.size() * k_faults.size());
  return fmt::format(
      R"({{"endpoint": "{}", "from": {}, {}}})", k_endpoints[endpoint], call, k_faults[fault]);
}

} // namespace

TEST_CASE("a provider that fails in any call has nothing paid twice or lost", "[torture][fault]") {
  Tally tally;
  sweep(
      tally,
      [&](Place& place, long number) {
        if (number > k_combinations)
          return false;
        const std::string fault = rule(scattered(number, k_combinations) - 1);
        Life life(place);
        place.plan(fault);
        const Ending first = life.run();
        const auto fired = times_fired(place);
        place.plan();
        finish_life(fault, life, first, tally);
        tally.count("faults", fired);
        tally.count("calls struck", fired > 0 ? 1 : 0);
        return true;
      },
      time_for_a_sweep(), 8);
  tally.conclude("provider faults");
}

} // namespace embedctl::torture
