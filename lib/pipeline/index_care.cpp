#include "pipeline/index_care.hpp"

#include "base/bytes.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace embedctl::pipeline {

namespace {

// Less than this is not worth a word, nor the time in which queries find no index.
constexpr double k_worth_seconds = 10;

std::string names_of(const std::vector<VectorIndex>& indexes) {
  std::string names;
  for (const VectorIndex& index : indexes)
    if (index.parent.empty())
      names += (names.empty() ? "" : ", ") + printable(index.name);
  // Parts whose parent is back already.
  return names.empty() && !indexes.empty() ? printable(indexes.front().name) : names;
}

std::string about(double seconds) {
  const bool in_minutes = seconds >= 120;
  return fmt::format(
      "{} {}",
      human_count(static_cast<std::uint64_t>(std::ceil(in_minutes ? seconds / 60 : seconds))),
      in_minutes ? "minutes" : "seconds");
}

double seconds_to_write(const IndexSurvey& survey, std::uint64_t rows) {
  return survey.seconds_per_row * static_cast<double>(rows);
}

// A build is fast for the rows that it can keep in memory, and as slow as writing for the others.
double seconds_to_build(const IndexSurvey& survey, std::uint64_t rows) {
  const std::uint64_t in_memory = std::min(rows, survey.rows_in_memory);
  return seconds_to_write(survey, in_memory) / survey.build_speed
         + seconds_to_write(survey, rows - in_memory);
}

void refuse_obstacles(const IndexSurvey& survey) {
  if (!survey.obstacles.empty())
    throw Error(
        ErrorKind::database,
        fmt::format("--index rebuild is not possible: {}", survey.obstacles.front()),
        "use --index keep, or run as the table owner; nothing was dropped");
}

// Why the indexes stay; empty where they do not.
std::string
why_kept(IndexPolicy policy, const IndexSurvey& survey, std::uint64_t rows, IndexKeeper& keeper) {
  if (policy == IndexPolicy::keep)
    return "--index rebuild drops it and builds it afterwards";
  if (policy == IndexPolicy::rebuild) {
    refuse_obstacles(survey);
    return {};
  }
  const double seconds = seconds_to_write(survey, rows);
  if (seconds < k_worth_seconds)
    return "that is not worth a rebuild";
  if (!survey.obstacles.empty())
    return "it cannot be rebuilt: " + survey.obstacles.front();
  if (seconds - seconds_to_build(survey, keeper.count_vectors() + rows) < k_worth_seconds)
    return "a rebuild would take longer";
  return {};
}

} // namespace

void check_policy(IndexPolicy policy, IndexKeeper* keeper) {
  if (keeper != nullptr && policy == IndexPolicy::rebuild)
    refuse_obstacles(keeper->survey());
}

bool wants_rebuild(IndexPolicy policy, std::uint64_t rows, IndexKeeper* keeper, Runtime runtime) {
  if (keeper == nullptr)
    return false;
  const IndexSurvey survey = keeper->survey();
  if (survey.indexes.empty())
    return false;
  const std::string why = why_kept(policy, survey, rows, *keeper);
  if (why.empty())
    return true;
  const double seconds = seconds_to_write(survey, rows);
  runtime.progress.note(
      seconds >= k_worth_seconds ? NoteLevel::warning : NoteLevel::detail,
      fmt::format(
          "writing {} rows with {} in place takes about {} longer; {}", human_count(rows),
          names_of(survey.indexes), about(seconds), why));
  return false;
}

IndexCare::IndexCare(store::Run& run, IndexPolicy policy, IndexKeeper* keeper, Runtime runtime)
    : m_run(run), m_policy(policy), m_keeper(keeper), m_runtime(runtime) {}

void IndexCare::note(NoteLevel level, const std::string& what) const {
  m_runtime.progress.note(level, what);
}

void IndexCare::before_write() {
  if (m_begun)
    return;
  // A record of what an earlier load left missing is not written over: what is there stays.
  if (m_run.missing_indexes().indexes.empty()
      && wants_rebuild(m_policy, m_rows, m_keeper, m_runtime))
    try {
      drop();
    } catch (const Error& error) {
      if (m_policy != IndexPolicy::automatic || error.kind() != ErrorKind::locked)
        throw;
      note(NoteLevel::warning, fmt::format("{}; writing with the index in place", error.what()));
    }
  m_begun = true;
}

void IndexCare::drop() {
  m_keeper->drop([&](const std::vector<VectorIndex>& indexes) {
    m_run.save(store::IndexRecord{m_runtime.clock.unix_seconds(), indexes});
    note(
        NoteLevel::info,
        fmt::format(
            "dropping {} to write {} rows; it is rebuilt afterwards", names_of(indexes),
            human_count(m_rows)));
  });
}

void IndexCare::bring_back() {
  try {
    build_missing();
  } catch (const Error&) {
    tell_missing();
    throw;
  }
}

void IndexCare::build_missing() {
  if (m_keeper == nullptr)
    return;
  store::IndexRecord record = m_run.missing_indexes();
  if (record.indexes.empty())
    return;
  std::vector<VectorIndex> missing;
  std::optional<Error> failure;
  for (const VectorIndex& index : record.indexes)
    try {
      build(index);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::database)
        throw;
      if (failure)
        note(NoteLevel::warning, error.what());
      else
        failure.emplace(error);
      missing.push_back(index);
    }
  record.indexes = std::move(missing);
  m_run.save(record);
  if (failure)
    throw *failure;
}

void IndexCare::build(const VectorIndex& index) {
  m_runtime.stop.throw_if_requested();
  const std::string name = printable(index.name);
  note(NoteLevel::info, "building " + name);
  const auto start = m_runtime.clock.steady();
  const Rebuilt outcome = m_keeper->build(index);
  if (outcome == Rebuilt::table_gone)
    note(
        NoteLevel::warning,
        fmt::format("{} is not rebuilt: its table {} is gone", name, printable(index.table)));
  else if (outcome == Rebuilt::found)
    note(NoteLevel::info, name + " exists already");
  else
    note(
        NoteLevel::info,
        fmt::format(
            "built {} in {}", name,
            about(std::chrono::duration<double>(m_runtime.clock.steady() - start).count())));
}

void IndexCare::bring_back_after(const std::exception& failure) {
  if (const auto* error = dynamic_cast<const Error*>(&failure)) {
    const bool database_is_away =
        error->kind() == ErrorKind::unreachable && !error->sqlstate.empty();
    if (database_is_away || error->kind() == ErrorKind::interrupted)
      return tell_missing();
  }
  try {
    bring_back();
  } catch (const Error& error) {
    note(NoteLevel::warning, error.what());
  }
}

void IndexCare::tell_missing() {
  const std::vector<VectorIndex> missing = m_run.missing_indexes().indexes;
  if (!missing.empty())
    note(
        NoteLevel::warning,
        fmt::format(
            "{} was dropped for writing and IS MISSING; the next ingest or run of \"{}\" rebuilds"
            " it",
            names_of(missing), printable(m_run.paths().folder().string())));
}

} // namespace embedctl::pipeline
