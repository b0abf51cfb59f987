#include "cli/commands.hpp"

#include "cli/adopt_command.hpp"
#include "cli/cancel_command.hpp"
#include "cli/failures_command.hpp"
#include "cli/forget_command.hpp"
#include "cli/ingest_command.hpp"
#include "cli/run_command.hpp"
#include "cli/runs_command.hpp"
#include "cli/sandbox_command.hpp"
#include "cli/status_command.hpp"
#include "cli/submit_command.hpp"
#include "cli/verify_command.hpp"

namespace embedctl::cli {

std::vector<Command> all_commands() {
  return {
      make_command(
          {"run",
           "Submit, wait and ingest; resume where an earlier run stopped",
           {"run --family-id UUID [options]", "run --run-dir DIR [options]"},
           {"embedctl run --family-id 123e4567-e89b-12d3-a456-426614174000",
            "embedctl run --run-dir DIR",
            "embedctl run --family-id 123e4567-e89b-12d3-a456-426614174000 --limit 100"}},
          add_run_options, run_run),
      make_command(
          {"submit",
           "Select rows without a vector and send them as batches",
           {"submit --family-id UUID [options]", "submit --run-dir DIR [options]"},
           {"embedctl submit --family-id 123e4567-e89b-12d3-a456-426614174000 --dry-run",
            "embedctl submit --run-dir DIR"}},
          add_submit_options, run_submit),
      make_command(
          {"status",
           "Show unfinished runs, or the state of a run's batches",
           {"status [options]", "status --family-id UUID [options]",
            "status --run-dir DIR [options]", "status --batch-file FILE [options]"},
           {"embedctl status", "embedctl status --run-dir DIR --json --exit-code"}},
          add_status_options, run_status),
      make_command(
          {"ingest",
           "Write the results of finished batches into the table",
           {"ingest --run-dir DIR [options]", "ingest --batch-file FILE [options]"},
           {"embedctl ingest --run-dir DIR", "embedctl ingest --run-dir DIR --index rebuild"}},
          add_ingest_options, run_ingest),
      make_command(
          {"verify",
           "Verify a run against its files and the database",
           {"verify --run-dir DIR [options]", "verify --batch-file FILE [options]"},
           {"embedctl verify --run-dir DIR"}},
          add_verify_options, run_verify),
      make_command(
          {"adopt",
           "Let a renamed, upgraded or restored database take over a run",
           {"adopt --run-dir DIR"},
           {"embedctl adopt --run-dir DIR"}},
          add_adopt_options, run_adopt),
      make_command(
          {"cancel",
           "End a run early: ingest what is finished, leave the rest to the next submit",
           {"cancel --run-dir DIR [options]"},
           {"embedctl cancel --run-dir DIR"}},
          add_cancel_options, run_cancel),
      make_command(
          {"runs",
           "List all runs with their state, age and size",
           {"runs [options]"},
           {"embedctl runs", "embedctl runs --json"}},
          add_runs_options, run_runs),
      make_command(
          {"prune",
           "Remove the folders of finished runs",
           {"prune --older-than TIME [options]"},
           {"embedctl prune --older-than 30d --dry-run", "embedctl prune --older-than 30d"}},
          add_prune_options, run_prune),
      make_command(
          {"failures",
           "List rows that failed or cannot be sent",
           {"failures [options]"},
           {"embedctl failures", "embedctl failures --json"}},
          add_failures_options, run_failures),
      make_command(
          {"forget",
           "Give up the results of a batch that the provider has lost",
           {"forget --batch-file FILE [options]"},
           {"embedctl forget --batch-file DIR/batches/batch_001/batch.json"}},
          add_forget_options, run_forget),
      make_command(
          {"sandbox",
           "Serve the Batch API on this machine, to try things out",
           {"sandbox [options]"},
           {"embedctl sandbox --port 8080",
            "embedctl sandbox --port 8080 --data-dir sandbox --in-progress-seconds 30"}},
          add_sandbox_options, run_sandbox),
  };
}

} // namespace embedctl::cli
