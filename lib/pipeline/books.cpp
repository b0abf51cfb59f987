#include "pipeline/books.hpp"

#include "base/bytes.hpp"

#include <fmt/format.h>

namespace embedctl::pipeline {

bool has_no_more(const store::BatchRecord& batch, std::uint64_t answered) {
  if (answered >= batch.requests)
    return true;
  if (!batch.remote || !batch.remote->counts.told)
    return false;
  const RequestCounts& counts = batch.remote->counts;
  const auto lines = static_cast<std::int64_t>(answered);
  // Whatever was paid for is here; what failed has lost its reasons.
  if (batch.errors_lost && counts.total > 0 && lines == counts.completed)
    return true;
  // A completed batch has run all of its requests.
  return batch.remote->status != RemoteStatus::completed
         && lines == counts.completed + counts.failed;
}

std::string difference(const store::BatchRecord& batch, std::uint64_t answered) {
  const std::string files = fmt::format(
      "its result files answer {} of {} requests", human_count(answered),
      human_count(batch.requests));
  if (!batch.remote || !batch.remote->counts.told)
    return fmt::format(
        "the provider does not say how many requests it completed, and {}", files);
  const RequestCounts& counts = batch.remote->counts;
  return fmt::format(
      "the provider says {}, with {} requests completed and {} failed, but {}",
      batch.remote->status_text, counts.completed, counts.failed, files);
}

Error unsettled_error(const store::Run& run, const store::BatchRecord& batch) {
  const std::string folder = shell_quoted(run.paths().folder().string());
  const std::string what = fmt::format(
      "batch {:03}: {}; rows without a result stay in flight", batch.number, batch.unsettled->why);
  if (batch.unsettled->lost)
    return {
        ErrorKind::provider, what,
        fmt::format(
            "to give its results up, so that its rows are selected again: embedctl forget "
            "--batch-file {}",
            shell_quoted(run.paths(batch).record().string()))};
  return {
      ErrorKind::provider, what,
      fmt::format(
          "to ask the provider again: embedctl ingest --run-dir {0} --redownload; to fail the rows "
          "without a result: embedctl ingest --run-dir {0} --accept-missing",
          folder)};
}

} // namespace embedctl::pipeline
