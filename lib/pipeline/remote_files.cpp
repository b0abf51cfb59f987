#include "pipeline/remote_files.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;

namespace {

std::vector<std::string> files_to_delete(const BatchRecord& batch, const ApplyOptions& options) {
  std::vector<std::string> files;
  if (options.delete_inputs)
    files.push_back(batch.input_file_id);
  if (options.delete_outputs && batch.remote) {
    files.push_back(batch.remote->output_file_id);
    files.push_back(batch.remote->error_file_id);
  }
  const auto& deleted = batch.deleted_files;
  std::erase_if(files, [&](const std::string& id) {
    return id.empty() || std::find(deleted.begin(), deleted.end(), id) != deleted.end();
  });
  return files;
}

} // namespace

void delete_remote_files(store::Run& run, const ApplyOptions& options, const Ports& ports) {
  if (!ports.executor.is_in_use())
    return;
  for (BatchRecord& batch : run.batches()) {
    if (!batch.is_ingested())
      continue;
    const auto files = files_to_delete(batch, options);
    for (const std::string& id : files) {
      try {
        ports.executor.delete_file(id);
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted)
          throw;
        ports.runtime.progress.note(
            NoteLevel::info, fmt::format(
                                 "batch {:03}: file {} stays at the provider: {}", batch.number,
                                 printable(id), error.what()));
        if (error.kind() == ErrorKind::unreachable)
          return;
      }
      batch.deleted_files.push_back(id);
    }
    if (!files.empty())
      run.save(batch);
  }
}

} // namespace embedctl::pipeline
