#include "pipeline/forget.hpp"

#include "base/bytes.hpp"

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

namespace {

[[noreturn]] void refuse(const BatchRecord& batch, const char* what, std::string hint) {
  throw Error(
      ErrorKind::usage, fmt::format("batch {:03} {}", batch.number, what), std::move(hint));
}

} // namespace

std::uint64_t prepare_to_forget(store::Run& run, BatchRecord& batch, Executor& executor) {
  const std::string folder = shell_quoted(run.paths().folder().string());
  if (batch.is_ingested())
    refuse(batch, "is ingested: it has no results to give up", "");
  if (!batch.is_sent() || batch.was_refused())
    refuse(
        batch, "was not sent, so that it has no results to give up",
        "send it with: embedctl submit --run-dir " + folder);
  if (batch.state == BatchState::submitted
      && std::holds_alternative<WaitUntil>(executor.advance(run, batch)))
    refuse(
        batch, "has not ended at the provider",
        "its results are still to come; wait for them with: embedctl run --run-dir " + folder);
  if (batch.was_refused())
    refuse(
        batch, "was refused by the provider: nothing ran, and nothing is lost",
        "send it again with: embedctl submit --run-dir " + folder);
  batch.state = BatchState::ended;
  return batch.rows[RowState::pending];
}

} // namespace embedctl::pipeline
