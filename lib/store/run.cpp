#include "store/run.hpp"

#include "base/error.hpp"
#include "base/file.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace embedctl::store {

namespace {

constexpr std::string_view k_run_prefix = "run_";
constexpr std::string_view k_batch_prefix = "batch_";

fs::path make_run_folder(const fs::path& scope_folder, std::int64_t created_at) {
  const std::string base = fmt::format(
      "{}{:%Y%m%d_%H%M%S}", k_run_prefix,
      std::chrono::sys_seconds(std::chrono::seconds(created_at)));
  for (int n = 1;; ++n) {
    fs::path folder = scope_folder / (n == 1 ? base : fmt::format("{}_{}", base, n));
    if (make_private_directory(folder))
      return folder;
  }
}

std::optional<int> batch_number(const std::string& name) {
  if (!name.starts_with(k_batch_prefix) || name.size() > k_batch_prefix.size() + 9)
    return std::nullopt;
  const std::string digits = name.substr(k_batch_prefix.size());
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  const int number = std::stoi(digits);
  // "batch_1" beside "batch_001" would be the same batch a second time.
  return batch_folder_name(number) == name ? std::optional(number) : std::nullopt;
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator each(folder, error), end; !error && each != end;
       each.increment(error))
    if (each->is_directory())
      found.push_back(each->path());
  if (error && error != std::errc::no_such_file_or_directory)
    throw_io_error("list", folder, error.value());
  std::sort(found.begin(), found.end());
  return found;
}

[[noreturn]] void refuse_batch(const BatchPaths& paths, const std::string& why) {
  throw Error(
      ErrorKind::corrupt, fmt::format("\"{}\" is damaged: {}", paths.folder().string(), why),
      "nothing was changed; restore batch.json from a copy, or keep the folder for its results");
}

// A folder whose batch.json was never written holds nothing yet: that file comes first.
BatchRecord planned_batch(const BatchPaths& paths, int number) {
  for (const auto& entry : fs::directory_iterator(paths.folder()))
    if (entry.path().filename() != "batch.json.tmp")
      refuse_batch(paths, "it has no batch.json");
  BatchRecord planned;
  planned.number = number;
  return planned;
}

BatchRecord load_batch(const BatchPaths& paths, int number) {
  if (!fs::exists(paths.record()))
    return planned_batch(paths, number);
  BatchRecord batch = load_batch_record(paths.record());
  if (batch.number != number)
    refuse_batch(paths, fmt::format("its batch.json is that of batch {:03}", batch.number));
  return batch;
}

// A folder without run.json died before anything was asked of anyone, unless it has batches.
bool is_run(const fs::path& folder) {
  if (!folder.filename().string().starts_with(k_run_prefix))
    return false;
  const RunPaths paths(folder);
  if (fs::exists(paths.record()))
    return true;
  if (fs::exists(paths.batches()))
    throw Error(
        ErrorKind::corrupt, fmt::format("run \"{}\" has batches and no run.json", folder.string()),
        "restore run.json from a copy, or move the folder away if none of its rows are in flight");
  return false;
}

// A scope names a folder, so it must be a plain name.
std::string checked_scope(const std::string& scope) {
  if (scope.empty() || scope.starts_with('.') || scope.find('/') != std::string::npos
      || scope.find('\0') != std::string::npos || scope.size() > 200)
    throw Error(ErrorKind::usage, fmt::format("the scope \"{}\" cannot name a folder", scope));
  return scope;
}

} // namespace

std::string_view to_string(RunState state) {
  constexpr std::array<std::string_view, 5> k_names = {
      "prepared", "incomplete", "in_flight", "ended", "finished"};
  return k_names[static_cast<std::size_t>(state)];
}

Run Run::create(const fs::path& batches_dir, RunRecord record) {
  const fs::path scope_folder = batches_dir / checked_scope(record.scope);
  make_private_directories(scope_folder);
  Run run(make_run_folder(scope_folder, record.created_at));
  run.m_lock.emplace(run.m_paths.lock(), fmt::format("run \"{}\"", run.m_paths.folder().string()));
  run.save(std::move(record));
  return run;
}

Run Run::load(const fs::path& folder) {
  Run run(folder.has_filename() ? folder : folder.parent_path());
  run.read();
  return run;
}

void Run::read() {
  m_record = load_run_record(m_paths.record());
  m_batches.clear();
  std::vector<int> numbers;
  for (const fs::path& folder : folders_in(m_paths.batches()))
    if (const auto number = batch_number(folder.filename().string()))
      numbers.push_back(*number);
  std::sort(numbers.begin(), numbers.end());
  for (const int number : numbers)
    m_batches.push_back(load_batch(m_paths.batch(number), number));
}

void Run::lock() {
  m_lock.emplace(m_paths.lock(), fmt::format("run \"{}\"", m_paths.folder().string()));
  read();
  check_balance();
}

void Run::save(RunRecord record) {
  save_run_record(m_paths.record(), record);
  m_record = std::move(record);
}

void Run::save(const BatchRecord& batch) const {
  save_batch_record(paths(batch).record(), batch);
}

void Run::save(const IndexRecord& record) const {
  save_index_record(m_paths.indexes(), record);
}

int Run::drop_planned() {
  int dropped = 0;
  while (!m_batches.empty() && m_batches.back().state == BatchState::planned) {
    // batch.json goes last: what is left without it would look damaged.
    const BatchPaths planned = paths(m_batches.back());
    for (const auto& entry : fs::directory_iterator(planned.folder()))
      if (entry.path() != planned.record())
        fs::remove_all(entry.path());
    fs::remove_all(planned.folder());
    m_batches.pop_back();
    ++dropped;
  }
  return dropped;
}

void Run::settle() {
  const bool finished = state() == RunState::finished;
  if (finished == m_record.finished)
    return;
  RunRecord record = m_record;
  record.finished = finished;
  save(std::move(record));
}

std::optional<std::string> Run::imbalance() const {
  for (const BatchRecord& batch : m_batches)
    if (batch.rows.total() != batch.requests + batch.skipped)
      return fmt::format(
          "batch {:03} holds {} rows, and {} have a state", batch.number,
          batch.requests + batch.skipped, batch.rows.total());
  if (m_record.rows_selected && rows().total() != *m_record.rows_selected)
    return fmt::format(
        "{} rows were selected, and {} have a state", *m_record.rows_selected, rows().total());
  return std::nullopt;
}

void Run::check_balance() const {
  if (const auto wrong = imbalance())
    throw Error(
        ErrorKind::corrupt,
        fmt::format("run \"{}\" is damaged: {}", m_paths.folder().string(), *wrong),
        "nothing was changed; restore the batch folders that are missing from a copy, or move the "
        "run folder away if none of its rows are in flight");
}

RunState Run::state() const {
  if (m_record.dry_run)
    return RunState::prepared;
  RunState state = fs::exists(m_paths.indexes()) ? RunState::ended : RunState::finished;
  for (const BatchRecord& batch : m_batches) {
    if (!batch.is_sent() || batch.was_refused())
      return RunState::incomplete;
    if (batch.state == BatchState::submitted)
      state = RunState::in_flight;
    else if (!batch.is_ingested() && state != RunState::in_flight)
      state = RunState::ended;
  }
  return state;
}

RowCounts Run::rows() const {
  RowCounts rows;
  for (const BatchRecord& batch : m_batches)
    rows += batch.rows;
  return rows;
}

FileLock lock_scope(const fs::path& batches_dir, const std::string& scope) {
  const fs::path folder = batches_dir / checked_scope(scope);
  make_private_directories(folder);
  return {folder / ".lock", fmt::format("submitting for \"{}\"", scope)};
}

std::vector<fs::path>
find_runs(const fs::path& batches_dir, const std::optional<std::string>& scope) {
  std::vector<fs::path> runs;
  const auto scopes =
      scope ? std::vector<fs::path>{batches_dir / checked_scope(*scope)} : folders_in(batches_dir);
  for (const fs::path& scope_folder : scopes)
    for (const fs::path& folder : folders_in(scope_folder))
      if (is_run(folder))
        runs.push_back(folder);
  return runs;
}

BatchAddress address_of(const fs::path& batch_file) {
  const fs::path folder = fs::absolute(batch_file).lexically_normal().parent_path();
  const auto number = batch_number(folder.filename().string());
  const fs::path run_folder = folder.parent_path().parent_path();
  if (batch_file.filename() != "batch.json" || !number || !fs::exists(run_folder / "run.json"))
    throw Error(
        ErrorKind::usage, fmt::format("\"{}\" is no batch of a run", batch_file.string()),
        "give a file batches/<scope>/run_<time>/batches/batch_001/batch.json");
  return {run_folder, *number};
}

} // namespace embedctl::store
