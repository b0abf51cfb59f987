#include "cli/sandbox_command.hpp"

#include "cli/exit_code.hpp"
#include "cli/output.hpp"
#include "sandbox/server.hpp"

#include <chrono>
#include <cstdint>
#include <limits>

#include <fmt/format.h>

namespace embedctl::cli {

void add_sandbox_options(OptionSet& set, sandbox::Options& options) {
  constexpr std::uint64_t k_any = std::numeric_limits<std::uint64_t>::max();

  set.group("Server");
  set.number("--port N", options.port, 0, 65'535, "port on 127.0.0.1")
      .shows_default("0, any free one");
  set.text("--ready-file FILE", options.ready_file, "write the base URL to FILE once it listens");
  set.text("--api-key-file FILE", options.api_key_file, "accept only the key in FILE")
      .shows_default("any key");
  set.text("--data-dir DIR", options.data_dir, "keep files and batches in DIR across restarts")
      .shows_default("a temporary folder");

  set.group("Time");
  set.seconds(
      "--validating-seconds N", options.validating_seconds, "how long a batch is validating");
  set.seconds("--in-progress-seconds N", options.in_progress_seconds, "how long it is in progress");
  set.seconds("--finalizing-seconds N", options.finalizing_seconds, "how long it is finalizing");
  set.seconds("--cancelling-seconds N", options.cancelling_seconds, "how long it is cancelling");
  set.seconds(
      "--window-seconds N", options.window_seconds,
      "when it expires, whatever its completion_window says");
  set.flag("--frozen-clock", options.frozen_clock, "move the clock only by POST /_sandbox/advance");

  set.group("Limits");
  set.number("--max-requests N", options.max_requests, 0, k_any, "requests in a batch");
  set.number("--max-inputs N", options.max_inputs, 0, k_any, "embedding inputs in a batch");
  set.size("--max-bytes SIZE", options.max_bytes, k_any, "size of an input file");
  set.number("--queue-tokens N", options.queue_tokens, 0, k_any, "tokens in the queue of one model")
      .shows_default("0, no limit");

  set.group("Faults");
  set.text("--fault-plan FILE", options.fault_plan, "JSON file with the calls that fail");
  set.number(
         "--fail-every N", options.fail_every, 0, k_any,
         "fail every Nth request of a batch, with and without an HTTP status in turns")
      .shows_default("0, none");
  set.flag(
      "--empty-error-file-id", options.empty_error_file_id,
      "report error_file_id \"\" instead of null if a batch has no errors");
  set.number("--seed N", options.seed, 0, k_any, "seed of the order of results");
}

int run_sandbox(const sandbox::Options& options, Context& context) {
  sandbox::Server server(options);
  server.start();
  write_stdout(fmt::format("listening on {}\n", server.base_url()));
  while (!context.stop.requested())
    context.stop.wait_for(std::chrono::hours(1));
  server.stop();
  return ExitCode::done;
}

} // namespace embedctl::cli
