#include "cli/ingest_command.hpp"
#include "cli/run.hpp"
#include "cli/run_command.hpp"
#include "cli/sandbox_command.hpp"
#include "cli/status_command.hpp"
#include "cli/submit_command.hpp"
#include "cli/verify_command.hpp"

#include <algorithm>

int main(int argc, char** argv) {
  using namespace embedctl::cli;

  const std::vector<Verb> verbs = {
      make_verb(
          "submit", "Select rows without a vector and send them as batches", add_submit_options,
          run_submit),
      make_verb("status", "Ask how a run's batches stand", add_status_options, run_status),
      make_verb(
          "ingest", "Write the results of ended batches into the table", add_ingest_options,
          run_ingest),
      make_verb(
          "run", "Submit, wait and ingest; goes on where it stopped", add_run_options, run_run),
      make_verb(
          "verify", "Verify a run against its files and the database", add_verify_options,
          run_verify),
      make_verb(
          "sandbox", "Serve the Batch API on this machine, to try things out", add_sandbox_options,
          run_sandbox),
  };
  return run({argv + std::min(argc, 1), argv + argc}, verbs);
}
