#include "cli/sandbox_command.hpp"

#include "cli/common_options.hpp"
#include "cli/exit_code.hpp"
#include "cli/output.hpp"
#include "sandbox/server.hpp"

#include <chrono>

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

constexpr const char* k_footer =
    R"(Every option can also come from the environment or from .env: --port as EMBEDCTL_PORT.

Any non-empty key is accepted, unless --api-key-file is given.
Tokens are estimated as a quarter of a text's bytes.

A text fails where it says so: [[fail:429]] (any status from 400 to 599) answers that status,
[[fail:some_code]] fails without an HTTP answer, with error.code "some_code".

To steer it while it runs (no key needed):
  POST /_sandbox/advance {"seconds": 3600}   move its clock
  POST /_sandbox/faults  {"rules": [...]}    let calls fail; GET tells which did
  GET  /_sandbox/ledger                      what was billed
  GET  /_sandbox/calls                       how often each endpoint was called
lib/sandbox/README.md describes fault plans and the data folder.)";

} // namespace

void add_sandbox_options(CLI::App& app, sandbox::Options& options) {
  app.footer(k_footer);
  add(app, "--port", options.port, "Port on 127.0.0.1; 0 takes any free one")
      ->check(CLI::Range(0, 65'535));
  add(app, "--data-dir", options.data_dir,
      "Where files and batches are kept, to go on with later; without it, nothing is kept");
  add(app, "--ready-file", options.ready_file, "Gets the base URL once the server listens");
  add(app, "--api-key-file", options.api_key_file, "Accept only the key in this file");
  add(app, "--fault-plan", options.fault_plan, "JSON file that says which calls fail how");

  const auto seconds = [&app](const char* name, double& value, const char* text) {
    add(app, name, value, text)->check(CLI::NonNegativeNumber);
  };
  seconds("--validating-seconds", options.validating_seconds, "How long a batch is validating");
  seconds("--in-progress-seconds", options.in_progress_seconds, "How long its requests take");
  seconds("--finalizing-seconds", options.finalizing_seconds, "How long it is finalizing");
  seconds("--cancelling-seconds", options.cancelling_seconds, "How long it is cancelling");
  seconds(
      "--window-seconds", options.window_seconds,
      "After which a batch expires with what it has, whatever completion_window says");
  add(app, "--frozen-clock", options.frozen_clock, "Time passes only by POST /_sandbox/advance");

  add(app, "--max-requests", options.max_requests, "Requests per batch");
  add(app, "--max-inputs", options.max_inputs, "Embedding inputs per batch");
  add(app, "--max-bytes", options.max_bytes, "Bytes per input file");
  add(app, "--queue-tokens", options.queue_tokens, "Enqueued tokens per model; 0 sets no limit");
  add(app, "--fail-every", options.fail_every,
      "Let every n-th line of a batch fail, in turns by an HTTP error and without an answer; 0 "
      "lets none");
  add(app, "--empty-error-file-id", options.empty_error_file_id,
      "A batch without errors has the error_file_id \"\", as some real ones do");
  add(app, "--seed", options.seed, "Decides the order of the results");
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
