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

Error refusal(const std::string& obstacle) {
  return {
      ErrorKind::database, fmt::format("--index rebuild is not possible: {}", obstacle),
      "use --index keep, or let somebody run it who may; nothing was dropped"};
}

void tell_of_keeping(const IndexSurvey& survey, std::uint64_t rows, const char* why, Work work) {
  const double seconds = seconds_to_write(survey, rows);
  work.progress.note(
      seconds >= k_worth_seconds ? NoteLevel::warning : NoteLevel::detail,
      fmt::format(
          "{} rows are written with {} in place, which adds about {} to it{}", human_count(rows),
          names_of(survey.indexes), about(seconds), why));
}

bool is_worth_it(const IndexSurvey& survey, std::uint64_t rows, IndexKeeper& keeper, Work work) {
  const double seconds = seconds_to_write(survey, rows);
  if (seconds < k_worth_seconds)
    return false;
  if (!survey.obstacles.empty()) {
    tell_of_keeping(survey, rows, "; it cannot be built again here", work);
    work.progress.note(NoteLevel::warning, survey.obstacles.front());
    return false;
  }
  const std::uint64_t all = keeper.count_vectors() + rows;
  if (seconds - seconds_to_build(survey, all) >= k_worth_seconds)
    return true;
  tell_of_keeping(survey, rows, "; building it again would take longer", work);
  return false;
}

} // namespace

void check_policy(IndexPolicy policy, IndexKeeper& keeper) {
  if (policy != IndexPolicy::rebuild)
    return;
  const IndexSurvey survey = keeper.survey();
  if (!survey.obstacles.empty())
    throw refusal(survey.obstacles.front());
}

bool wants_rebuild(IndexPolicy policy, std::uint64_t rows, IndexKeeper& keeper, Work work) {
  const IndexSurvey survey = keeper.survey();
  if (survey.indexes.empty())
    return false;
  switch (policy) {
  case IndexPolicy::keep:
    tell_of_keeping(survey, rows, "; --index rebuild builds it again instead", work);
    return false;
  case IndexPolicy::automatic:
    return is_worth_it(survey, rows, keeper, work);
  case IndexPolicy::rebuild:
    break;
  }
  if (!survey.obstacles.empty())
    throw refusal(survey.obstacles.front());
  return true;
}

namespace {

// What an earlier writing left missing stays on record as it was. It goes last, because its parents
// may be among the others. One that somebody made meanwhile under its name is it, unless it
// differs: then the record must not be lost to it.
void keep_on_record(const VectorIndex& missing, std::vector<VectorIndex>& indexes) {
  const auto there = std::find_if(indexes.begin(), indexes.end(), [&](const VectorIndex& index) {
    return index.name == missing.name;
  });
  if (there == indexes.end())
    indexes.push_back(missing);
  else if (there->definition == missing.definition)
    *there = missing;
  else
    throw Error(
        ErrorKind::database,
        fmt::format(
            "{} is to be built again as it was, and another index has its name: {}",
            printable(missing.name), printable(there->definition)),
        "rename or drop that one; what is missing is in indexes.json of the run folder");
}

} // namespace

IndexCare::IndexCare(store::Run& run, IndexPolicy policy, IndexKeeper& keeper, Work work)
    : m_run(run), m_policy(policy), m_keeper(keeper), m_work(work) {}

void IndexCare::before_write() {
  if (m_begun)
    return;
  if (wants_rebuild(m_policy, m_rows, m_keeper, m_work))
    try {
      drop();
    } catch (const Error& error) {
      if (m_policy != IndexPolicy::automatic || error.kind() != ErrorKind::locked)
        throw;
      m_work.progress.note(
          NoteLevel::warning, fmt::format("{}; writing with the index in place", error.what()));
    }
  m_begun = true;
}

void IndexCare::drop() {
  m_keeper.drop([&](const std::vector<VectorIndex>& indexes) {
    store::IndexRecord record{m_work.clock.unix_seconds(), indexes};
    for (const VectorIndex& missing : m_run.missing_indexes().indexes)
      keep_on_record(missing, record.indexes);
    m_run.save(record);
    m_work.progress.note(
        NoteLevel::info, fmt::format(
                             "dropping {} to write {} rows; then it is built again",
                             names_of(indexes), human_count(m_rows)));
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
        m_work.progress.note(NoteLevel::warning, error.what());
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
  m_work.stop.throw_if_requested();
  m_work.progress.note(NoteLevel::info, fmt::format("building {}", printable(index.name)));
  const auto start = m_work.clock.steady();
  switch (m_keeper.build(index)) {
  case Rebuilt::built:
    m_work.progress.note(
        NoteLevel::info,
        fmt::format(
            "built {} in {}", printable(index.name),
            about(std::chrono::duration<double>(m_work.clock.steady() - start).count())));
    break;
  case Rebuilt::found:
    m_work.progress.note(NoteLevel::info, fmt::format("{} is there", printable(index.name)));
    break;
  case Rebuilt::table_gone:
    m_work.progress.note(
        NoteLevel::warning, fmt::format(
                                "{} is not built again: its table {} is gone",
                                printable(index.name), printable(index.table)));
    break;
  }
}

void IndexCare::bring_back_after(const Error& failure) {
  const bool database_is_away =
      failure.kind() == ErrorKind::unreachable && !failure.sqlstate.empty();
  if (failure.kind() == ErrorKind::interrupted || database_is_away)
    return tell_missing();
  try {
    bring_back();
  } catch (const Error& error) {
    m_work.progress.note(NoteLevel::warning, error.what());
  }
}

void IndexCare::tell_missing() {
  const std::vector<VectorIndex> missing = m_run.missing_indexes().indexes;
  if (!missing.empty())
    m_work.progress.note(
        NoteLevel::warning,
        fmt::format(
            "{} was dropped for the writing and IS MISSING: the next ingest or run of \"{}\" builds"
            " it again",
            names_of(missing), printable(m_run.paths().folder().string())));
}

} // namespace embedctl::pipeline
