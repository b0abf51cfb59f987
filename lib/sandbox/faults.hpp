#pragma once

#include "sandbox/damage.hpp"
#include "sandbox/validation.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace embedctl::sandbox {

enum class FaultAction {
  status,          // answers `status` with `headers` and `body`
  wait,            // `seconds`, then goes on
  drop_before,     // closes the connection without an answer; the call has no effect
  drop_after,      // the same, but the call has taken effect
  truncate,        // announces the whole answer and closes the connection after `bytes` of it
  stall,           // sends `bytes` of the answer, waits `seconds`, and sends the rest
  change,          // gives members of the JSON that is answered other values
  damage,          // damages `lines` of a file's content
  fail_validation, // of a batch that is created: with `refuse_with`
};

// A fault in some calls of an endpoint.
struct FaultRule {
  std::string endpoint; // "GET /v1/files/{id}/content", or "*"
  FaultAction action = FaultAction::status;
  std::uint64_t from = 1;  // the first call that it happens to, counted from when it was planned
  std::uint64_t count = 1; // how many; 0: all from then on

  int status = 500;
  bool after_effect = false; // the call takes effect, and is answered with `status` all the same
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<std::string> body; // none: an error in the provider's format
  std::vector<std::pair<std::string, std::string>> members; // with their new values, as JSON
  double seconds = 0;
  std::uint64_t bytes = 0;
  Damage damage;
  std::vector<InputError> refuse_with;

  std::uint64_t seen = 0;  // calls of the endpoint
  std::uint64_t fired = 0; // of these, ones that it happened to
};

// Which calls fail; for the JSON form see README.md. Thread-safe.
class FaultPlan {
public:
  // Replaces the previous plan. Throws Error{usage} if the JSON is not a valid plan.
  void replace(std::string_view json);

  // Counts the call and returns its faults, in plan order.
  std::vector<FaultRule> next(std::string_view endpoint);

  // The rules with their seen and fired counts.
  std::string json() const;

private:
  mutable std::mutex m_mutex;
  std::vector<FaultRule> m_rules;
};

} // namespace embedctl::sandbox
