#include "pipeline/fetch.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "pipeline/repeats.hpp"

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

namespace {

// Room for what a download needs besides the file itself, whose size is not known before it comes.
constexpr std::uint64_t k_least_free_bytes = std::uint64_t{16} << 20;

// A file that the provider names and that is empty says nothing: some name one always.
void fetch_file(
    BatchProvider& provider, const std::string& file_id, const fs::path& path, Work work) {
  if (file_id.empty())
    return;
  require_free_bytes(path.parent_path(), k_least_free_bytes);
  const fs::path part = path.string() + ".part";
  provider.download(file_id, part, [&](std::uint64_t more) {
    work.progress.advance(Phase::download, {0, more});
  });
  if (embedctl::file_size(part) == 0)
    remove_durably(part);
  else
    rename_durably(part, path);
}

// Why rows failed is worth less than the vectors of the others: these do not wait for an error
// file that the provider has lost.
void fetch_errors(
    BatchProvider& provider, const BatchRecord& batch, const fs::path& path, Work work) {
  try {
    fetch_file(provider, batch.remote->error_file_id, path, work);
  } catch (const Error& error) {
    if (!error.provider || error.provider->http_status != 404)
      throw;
    work.progress.note(
        NoteLevel::warning,
        fmt::format(
            "batch {:03}: the provider no longer has the error file; rows without a result fail"
            " without its reasons",
            batch.number));
  }
}

} // namespace

void fetch(store::Run& run, BatchRecord& batch, BatchProvider& provider, Work work) {
  const auto paths = run.paths(batch);
  fetch_file(provider, batch.remote->output_file_id, paths.output(), work);
  fetch_errors(provider, batch, paths.errors(), work);
  if (batch.remote->status == RemoteStatus::failed && result_files(paths, batch).empty()) {
    // It named files, and they say nothing: refused as a whole like any other.
    batch.remote->output_file_id.clear();
    batch.remote->error_file_id.clear();
  } else {
    batch.state = BatchState::downloaded;
  }
  run.save(batch);
}

} // namespace embedctl::pipeline
