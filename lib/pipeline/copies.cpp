#include "pipeline/copies.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/file.hpp"

#include <fmt/format.h>

namespace embedctl::pipeline {

namespace {

// How far the batches of a run have come.
int progress_of(const fs::path& folder) {
  int progress = 0;
  const store::Run run = store::Run::load(folder);
  for (const store::BatchRecord& batch : run.batches())
    progress += static_cast<int>(batch.state);
  return progress;
}

// The one that is behind; of two alike, the one with the longer name, as in "run_X.backup".
const fs::path& likely_copy(const fs::path& a, const fs::path& b) {
  const int difference = progress_of(a) - progress_of(b);
  if (difference != 0)
    return difference < 0 ? a : b;
  return a.string().size() > b.string().size() ? a : b;
}

} // namespace

void Copies::add(const fs::path& folder, const store::RunRecord& record) {
  const auto [seen, is_first] = m_seen.emplace(record.run_id, Seen{folder, record.finished});
  if (is_first || (seen->second.finished && record.finished))
    return;
  const fs::path& copy = likely_copy(seen->second.folder, folder);
  throw Error(
      ErrorKind::corrupt,
      fmt::format(
          "\"{}\" and \"{}\" are the same run: one is a copy of the other",
          printable(seen->second.folder.string()), printable(folder.string())),
      fmt::format(
          "move \"{}\" out of the batches folder: it is not ahead of the other; nothing was sent",
          printable(copy.string())));
}

void require_no_copy(const store::Run& run) {
  if (run.is_new())
    return;
  const fs::path own = fs::canonical(run.paths().folder());
  Copies copies;
  copies.add(own, run.record());
  for (const fs::path& folder : store::all_runs(batches_dir_of(run)))
    if (fs::canonical(folder) != own) {
      const auto record = store::load_run_record(store::RunPaths(folder).record());
      if (record.run_id == run.id())
        copies.add(folder, record);
    }
}

} // namespace embedctl::pipeline
