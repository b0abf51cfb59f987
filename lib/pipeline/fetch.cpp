#include "pipeline/fetch.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "pipeline/repeats.hpp"

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

namespace {

// Free space that a download needs besides the file itself, whose size is unknown in advance.
constexpr std::uint64_t k_least_free_bytes = std::uint64_t{16} << 20;

// Some providers always name a file, even an empty one; an empty file means none.
void fetch_file(
    BatchProvider& provider, const std::string& file_id, const fs::path& path, Runtime runtime) {
  if (file_id.empty())
    return;
  require_free_bytes(path.parent_path(), k_least_free_bytes);
  const fs::path part = path.string() + ".part";
  provider.download(file_id, part, [&](std::uint64_t more) {
    runtime.progress.advance(Phase::download, {0, more});
  });
  if (embedctl::file_size(part) == 0)
    remove_durably(part);
  else
    rename_durably(part, path);
}

// The reasons of failed rows are worth less than the other rows' vectors, so a lost error file does
// not hold up the ingest.
void fetch_errors(
    BatchProvider& provider, const BatchRecord& batch, const fs::path& path, Runtime runtime) {
  try {
    fetch_file(provider, batch.remote->error_file_id, path, runtime);
  } catch (const Error& error) {
    if (!error.provider || error.provider->http_status != 404)
      throw;
    runtime.progress.note(
        NoteLevel::warning,
        fmt::format(
            "batch {:03}: the provider no longer has the error file; rows without a result are"
            " marked failed without a reason",
            batch.number));
  }
}

} // namespace

void fetch(store::Run& run, BatchRecord& batch, BatchProvider& provider, Runtime runtime) {
  const auto paths = run.paths(batch);
  fetch_file(provider, batch.remote->output_file_id, paths.output(), runtime);
  fetch_errors(provider, batch, paths.errors(), runtime);
  if (batch.remote->status == RemoteStatus::failed && result_files(paths, batch).empty()) {
    // The files it named are empty: refused as a whole, like any other.
    batch.remote->output_file_id.clear();
    batch.remote->error_file_id.clear();
  } else {
    batch.state = BatchState::downloaded;
  }
  run.save(batch);
}

} // namespace embedctl::pipeline
