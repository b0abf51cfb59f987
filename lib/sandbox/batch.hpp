#pragma once

#include "core/batch_provider.hpp"
#include "sandbox/clock.hpp"
#include "sandbox/validation.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl::sandbox {

// What POST /v1/batches asks for.
struct BatchRequest {
  std::string input_file_id;
  std::string endpoint;
  std::string completion_window;
  std::map<std::string, std::string> metadata;
  std::optional<std::int64_t> output_lifetime_seconds;

  // Fails validation with this, whatever the file holds; by a fault plan.
  std::vector<InputError> refuse_with;
};

// How far a batch's requests have progressed. Each has either run (and was billed, if it succeeded)
// or is untouched; the sizes are of the files at that point, so that whatever a killed process
// wrote past them can be truncated and redone.
struct BatchProgress {
  std::uint64_t total = 0;
  std::uint64_t executed = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t never_run = 0; // have a line in the error file
  std::uint64_t billed_tokens = 0;
  std::uint64_t output_bytes = 0;
  std::uint64_t error_bytes = 0;
  std::uint64_t ledger_bytes = 0;
};

struct Batch {
  std::string id;
  std::uint64_t sequence = 0; // the newest has the highest
  BatchRequest request;
  RemoteStatus status = RemoteStatus::validating;

  Instant created_at;
  Instant expires_at;
  std::optional<Instant> in_progress_at;
  std::optional<Instant> finalizing_at;
  std::optional<Instant> cancelling_at;
  std::optional<Instant> ended_at;

  std::vector<InputError> errors;
  std::string model;
  std::uint64_t queued_tokens = 0;
  BatchProgress progress;
  std::optional<std::string> output_file_id;
  std::optional<std::string> error_file_id;

  // As the API tells it.
  std::string json() const;

  // As it is kept on disk.
  std::string stored_json() const;
  static Batch from_stored(std::string_view text, std::string_view what);
};

} // namespace embedctl::sandbox
