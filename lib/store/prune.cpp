#include "store/prune.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "store/tsv.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <sys/stat.h>

namespace embedctl::store {

namespace {

// Does not begin as a run's name does.
constexpr std::string_view k_removed_prefix = ".pruned_";

// The provider's answer is here and was paid for, and the row does not have it.
bool keeps_answers(const BatchPaths& paths) {
  constexpr std::string_view k_not_updated = "not_updated";
  bool found = false;
  for_each_line(paths.failed(), [&](const std::vector<std::string>& fields) {
    found = found || (fields.size() >= 2 && fields[1] == k_not_updated);
  });
  return found;
}

} // namespace

std::int64_t last_change_of(const Run& run) {
  struct stat status {};
  const fs::path record = run.paths().record();
  if (::stat(record.c_str(), &status) != 0)
    throw_io_error("read", record, errno);
  return std::max<std::int64_t>(run.record().created_at, status.st_mtime);
}

std::uint64_t size_of(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code error; // what goes away meanwhile has no size
  for (fs::recursive_directory_iterator each(folder, error), end; !error && each != end;
       each.increment(error))
    if (std::error_code gone; each->is_regular_file(gone))
      if (const auto size = each->file_size(gone); !gone)
        bytes += size;
  return bytes;
}

std::string reason_to_keep(const Run& run) {
  if (run.record().dry_run)
    return "it was prepared and not sent";
  if (!run.record().finished || run.state() != RunState::finished)
    return "it is not finished";
  if (const auto wrong = run.imbalance())
    return "its records do not match: " + *wrong;
  for (const BatchRecord& batch : run.batches()) {
    if (batch.rows[RowState::failed] == 0 || batch.was_refused())
      continue;
    if (!batch.failures_counted)
      return fmt::format("the failures of batch {:03} are not in failures.tsv", batch.number);
    if (keeps_answers(run.paths(batch)))
      return fmt::format("batch {:03} has answers that could not be written", batch.number);
  }
  return {};
}

void remove_run(const fs::path& folder) {
  const fs::path removed =
      folder.parent_path() / (std::string(k_removed_prefix) + folder.filename().string());
  {
    Run run = Run::load(folder);
    run.lock();
    if (const std::string why = reason_to_keep(run); !why.empty())
      throw Error(ErrorKind::usage, fmt::format("run \"{}\" is kept: {}", folder.string(), why));
    rename_durably(folder, removed);
  }
  fs::remove_all(removed);
}

void finish_removals(const fs::path& batches_dir) {
  const auto finish_in = [](const fs::path& place) {
    for (const fs::path& folder : folders_in(place))
      if (folder.filename().string().starts_with(k_removed_prefix))
        fs::remove_all(folder);
  };
  for (const fs::path& outer : folders_in(batches_dir)) {
    finish_in(outer);
    for (const fs::path& inner : folders_in(outer))
      if (!inner.filename().string().starts_with("run_"))
        finish_in(inner);
  }
}

} // namespace embedctl::store
