#include "pipeline/fetch.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "pipeline/repeats.hpp"
#include "store/archive.hpp"
#include "store/ledger.hpp"

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

namespace {

// Free space that a download needs besides the file itself, whose size is unknown in advance.
constexpr std::uint64_t k_least_free_bytes = std::uint64_t{16} << 20;

// A second download may hold less than the first: an error page, or nothing.
bool answers_less(
    const fs::path& part, const fs::path& path, const store::Run& run, const BatchRecord& batch) {
  if (!store::is_there(path, batch))
    return false;
  const auto ledger = store::Ledger::load(run.paths(batch).rows());
  const RequestKind kind = run.task().request.kind;
  try {
    return count_answered(store::open_either(part, batch), ledger, kind)
           < count_answered(store::open_either(path, batch), ledger, kind);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt)
      throw;
    return false; // a damaged archive
  }
}

// Some providers always name a file, even an empty one; an empty file means none.
void fetch_file(
    BatchProvider& provider,
    const std::string& file_id,
    const fs::path& path,
    const store::Run& run,
    const BatchRecord& batch,
    Runtime runtime) {
  if (file_id.empty())
    return;
  require_free_bytes(path.parent_path(), k_least_free_bytes);
  const fs::path part = path.string() + ".part";
  provider.download(file_id, part, [&](std::uint64_t more) {
    runtime.progress.advance(Phase::download, {0, more});
  });
  if (embedctl::file_size(part) == 0 || answers_less(part, path, run, batch))
    remove_durably(part);
  else
    rename_durably(part, path);
}

// The reasons of failed rows are worth less than the other rows' vectors, so a lost error file does
// not hold up the ingest.
void fetch_errors(
    BatchProvider& provider,
    const fs::path& path,
    const store::Run& run,
    BatchRecord& batch,
    Runtime runtime) {
  try {
    fetch_file(provider, batch.remote->error_file_id, path, run, batch, runtime);
    batch.errors_lost = false;
  } catch (const Error& error) {
    if (!is_lost_file(error))
      throw;
    batch.errors_lost = true;
    runtime.progress.note(
        NoteLevel::warning,
        fmt::format(
            "batch {:03}: the provider no longer has the error file; rows without a result are"
            " marked failed without a reason",
            batch.number));
  }
}

bool is_whole(
    BatchProvider& provider,
    const std::string& file_id,
    const fs::path& path,
    const BatchRecord& batch) {
  const auto file = file_id.empty() ? std::nullopt : provider.find_file(file_id);
  if (!file || file->bytes == 0 || (!fs::exists(path) && store::is_there(path, batch)))
    return true; // not told, or packed: then it was settled once
  return fs::exists(path) && embedctl::file_size(path) == file->bytes;
}

} // namespace

bool is_lost_file(const Error& error) {
  return error.kind() == ErrorKind::provider && error.provider
         && (error.provider->http_status == 404 || error.provider->http_status == 410);
}

void fetch(store::Run& run, BatchRecord& batch, BatchProvider& provider, Runtime runtime) {
  const auto paths = run.paths(batch);
  fetch_file(provider, batch.remote->output_file_id, paths.output(), run, batch, runtime);
  fetch_errors(provider, paths.errors(), run, batch, runtime);
  if (batch.remote->status == RemoteStatus::failed && batch.remote->counts.completed == 0
      && result_files(paths, batch).empty()) {
    // The files it named are empty: refused as a whole, like any other.
    batch.remote->output_file_id.clear();
    batch.remote->error_file_id.clear();
    batch.state = BatchState::ended;
  } else {
    batch.state = BatchState::downloaded;
  }
  run.save(batch);
}

bool has_whole_files(const store::Run& run, const BatchRecord& batch, BatchProvider& provider) {
  const auto paths = run.paths(batch);
  const auto& remote = *batch.remote;
  return is_whole(provider, remote.output_file_id, paths.output(), batch)
         && (batch.errors_lost
             || is_whole(provider, remote.error_file_id, paths.errors(), batch));
}

} // namespace embedctl::pipeline
