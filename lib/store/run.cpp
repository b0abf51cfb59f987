#include "store/run.hpp"

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/file.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <set>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace embedctl::store {

namespace {

constexpr std::string_view k_run_prefix = "run_";
constexpr std::string_view k_batch_prefix = "batch_";

fs::path make_run_folder(const fs::path& place, std::int64_t created_at) {
  const std::string base = fmt::format(
      "{}{:%Y%m%d_%H%M%S}", k_run_prefix,
      std::chrono::sys_seconds(std::chrono::seconds(created_at)));
  for (int n = 1;; ++n) {
    fs::path folder = place / (n == 1 ? base : fmt::format("{}_{}", base, n));
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
  // "batch_1" next to "batch_001" would be the same batch twice.
  return batch_folder_name(number) == name ? std::optional(number) : std::nullopt;
}

[[noreturn]] void refuse_batch(const BatchPaths& paths, const std::string& why) {
  throw Error(
      ErrorKind::corrupt, fmt::format("\"{}\" is damaged: {}", paths.folder().string(), why),
      "nothing was changed; restore batch.json from a copy, or keep the folder for its results");
}

// A folder without batch.json is empty, because that file is written first.
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
    refuse_batch(paths, fmt::format("its batch.json belongs to batch {:03}", batch.number));
  return batch;
}

// Without run.json nothing was requested yet, unless the folder has batches.
bool is_run(const fs::path& folder) {
  if (!folder.filename().string().starts_with(k_run_prefix))
    return false;
  const RunPaths paths(folder);
  if (fs::exists(paths.record()))
    return true;
  if (fs::exists(paths.batches()))
    throw Error(
        ErrorKind::corrupt, fmt::format("run \"{}\" has batches but no run.json", folder.string()),
        "restore run.json from a copy, or move the folder away if none of its rows are in flight");
  return false;
}

// A scope of the built-in task is used as a folder name, so it must be a plain name.
std::string checked_scope(const std::string& scope) {
  if (scope.empty() || scope.starts_with('.') || scope.find('/') != std::string::npos
      || scope.find('\0') != std::string::npos || scope.size() > 200)
    throw Error(ErrorKind::usage, fmt::format("the scope \"{}\" cannot name a folder", scope));
  return scope;
}

// Letters, digits, '-' and '_' stand for themselves, as does a dot that is not the first; any other
// byte is %XX, and nothing at all is "%". Where that is too long for a file name, a digest ends it.
std::string folder_name_for(std::string_view text) {
  constexpr std::size_t k_longest = 200;
  std::string name = text.empty() ? "%" : "";
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                          || c == '-' || c == '_' || (c == '.' && !name.empty());
    name += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  if (name.size() <= k_longest)
    return name;
  return name.substr(0, k_longest - 66) + "%%" + to_hex(sha256_of(text));
}

ListNames list_names_of(const Task& task) {
  return task.built_in ? ListNames::built_in : ListNames::rows;
}

} // namespace

std::string_view to_string(RunState state) {
  constexpr std::array<std::string_view, 5> k_names = {
      "prepared", "incomplete", "in_flight", "ended", "finished"};
  return k_names[static_cast<std::size_t>(state)];
}

Run Run::create(const fs::path& batches_dir, RunRecord record) {
  const fs::path place = place_of(batches_dir, record.task, record.scope);
  make_private_directories(place);
  Run run(make_run_folder(place, record.created_at));
  run.m_lock.emplace(run.m_paths.lock(), fmt::format("run \"{}\"", run.m_paths.folder().string()));
  save_run_record(run.m_paths.record(), record);
  run.m_is_new = true;
  run.become(std::move(record));
  return run;
}

Run Run::load(const fs::path& folder) {
  Run run(folder.has_filename() ? folder : folder.parent_path());
  run.read();
  return run;
}

void Run::read() {
  become(load_run_record(m_paths.record()));
  m_batches.clear();
  std::vector<int> numbers;
  for (const fs::path& folder : folders_in(m_paths.batches()))
    if (const auto number = batch_number(folder.filename().string()))
      numbers.push_back(*number);
  std::sort(numbers.begin(), numbers.end());
  std::set<int> unborn; // of a replacement that was interrupted: its batch still has the rows
  for (const int number : numbers) {
    if (unborn.contains(number))
      continue;
    m_batches.push_back(load_batch(m_paths.batch(number), number));
    const BatchRecord& batch = m_batches.back();
    if (batch.state != BatchState::replaced)
      unborn.insert(batch.replaced_by.begin(), batch.replaced_by.end());
  }
}

void Run::become(RunRecord record) {
  m_id = record.run_id;
  m_task = record.task;
  m_paths = RunPaths(m_paths.folder(), list_names_of(m_task));
  m_record = std::move(record);
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
    // batch.json is removed last: the remaining files would look damaged without it.
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

void Run::close_selection(SelectionState state) {
  RunRecord record = m_record;
  record.selection = state;
  record.rows_selected = rows().total();
  save(std::move(record));
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
    if (!batch.is_balanced())
      return fmt::format(
          "batch {:03} holds {} rows, and {} have a state", batch.number,
          batch.asked + batch.skipped, batch.rows.total());
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

fs::path place_of(const fs::path& batches_dir, const Task& task, const std::string& scope) {
  if (task.built_in)
    return batches_dir / checked_scope(scope);
  return batches_dir / (folder_name_for(task.entity) + "." + folder_name_for(task.name))
         / folder_name_for(scope);
}

fs::path batches_dir_of(const Run& run) {
  // "." and a bare name have no parents to take.
  const fs::path place = fs::canonical(run.paths().folder()).parent_path();
  return run.record().task.built_in ? place.parent_path() : place.parent_path().parent_path();
}

FileLock lock_place(const fs::path& place) {
  make_private_directories(place);
  return {place / ".lock", fmt::format("the submit lock of \"{}\"", place.filename().string())};
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
  // Paths compare name by name, which takes longer than to read the folder.
  std::sort(found.begin(), found.end(), [](const fs::path& a, const fs::path& b) {
    return a.native() < b.native();
  });
  return found;
}

std::vector<fs::path> runs_in(const fs::path& place) {
  std::vector<fs::path> runs = folders_in(place);
  std::erase_if(runs, [](const fs::path& folder) { return !is_run(folder); });
  return runs;
}

std::vector<fs::path> all_runs(const fs::path& batches_dir) {
  std::vector<fs::path> runs;
  for (const fs::path& outer : folders_in(batches_dir))
    for (const fs::path& folder : folders_in(outer))
      if (is_run(folder)) {
        runs.push_back(folder);
      } else {
        const auto inner = runs_in(folder); // of a task that is not the built-in one
        runs.insert(runs.end(), inner.begin(), inner.end());
      }
  return runs;
}

BatchAddress address_of(const fs::path& batch_file) {
  const fs::path folder = fs::absolute(batch_file).lexically_normal().parent_path();
  const auto number = batch_number(folder.filename().string());
  const fs::path run_folder = folder.parent_path().parent_path();
  if (batch_file.filename() != "batch.json" || !number || !fs::exists(run_folder / "run.json"))
    throw Error(
        ErrorKind::usage, fmt::format("\"{}\" is not a batch of a run", batch_file.string()),
        "give a file batches/<scope>/run_<time>/batches/batch_001/batch.json");
  return {run_folder, *number};
}

} // namespace embedctl::store
