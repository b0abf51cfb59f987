#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace embedctl::sandbox {

struct Options {
  int port = 0;                     // 0: any free one
  std::filesystem::path data_dir;   // empty: a private temporary folder, removed at the end
  std::filesystem::path ready_file; // gets the base URL once the server listens
  std::filesystem::path fault_plan; // see FaultPlan

  // Empty: any non-empty key will do.
  std::string api_key;
  std::filesystem::path api_key_file;

  // How long a batch stays in each status; short, so that trying it out is pleasant.
  double validating_seconds = 0.3;
  double in_progress_seconds = 0.7;
  double finalizing_seconds = 0.2;
  double cancelling_seconds = 0.2;
  double window_seconds = 86'400; // after which a batch expires with what it has

  // The clock stands still unless POST /_sandbox/advance moves it.
  bool frozen_clock = false;

  std::uint64_t max_requests = 50'000;
  std::uint64_t max_inputs = 50'000;
  std::uint64_t max_bytes = 209'715'200;
  std::uint64_t queue_tokens = 0; // enqueued tokens per model; 0: no limit

  std::uint64_t fail_every = 0;     // every n-th line of a batch fails; 0: none
  bool empty_error_file_id = false; // a clean batch says "" where it could say null

  std::uint64_t seed = 1; // decides the order of the results
};

} // namespace embedctl::sandbox
