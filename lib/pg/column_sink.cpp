#include "pg/column_sink.hpp"

#include "base/error.hpp"
#include "pg/connection.hpp"
#include "pg/lock_watch.hpp"
#include "pg/names.hpp"
#include "pg/retry.hpp"

#include <utility>

#include <fmt/format.h>

namespace embedctl::pg {

ColumnSink::ColumnSink(Secret conninfo, Task task, Clock& clock, ColumnSinkOptions options)
    : m_conninfo(std::move(conninfo)),
      m_task(std::move(task)),
      m_options(options),
      m_clock(clock) {}

std::vector<RowOutcome> ColumnSink::write(const AnswerChunk& chunk) {
  const std::vector<RowOutcome> outcomes = persist(&WriteSession::write, chunk);
  tell_locked(chunk, outcomes);
  return outcomes;
}

std::vector<RowState> ColumnSink::examine(const AnswerChunk& chunk) {
  return persist(&WriteSession::examine, chunk);
}

void ColumnSink::tell_locked(
    const AnswerChunk& chunk, const std::vector<RowOutcome>& outcomes) {
  std::vector<std::size_t> locked;
  for (std::size_t row = 0; row < outcomes.size(); ++row)
    if (outcomes[row].state == RowState::pending)
      locked.push_back(row);
  if (locked.empty() || m_options.progress == nullptr)
    return;
  const std::lock_guard lock(m_mutex);
  std::string holder;
  try {
    const Connection names(m_conninfo, watch());
    holder = row_lock_holder(
        m_conninfo, quote_table(names, m_task.rows.table),
        fmt::format(
            "t.{} = {}", names.quote_identifier(m_task.rows.key_column),
            names.quote_literal(chunk.keys[locked.front()])),
        watch());
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted)
      throw;
    return; // it was only to be told
  }
  if (holder.empty() || holder == m_told)
    return;
  m_told = holder;
  m_options.progress->note(
      NoteLevel::warning,
      fmt::format(
          "{} locked by another session and left for later: {}",
          locked.size() == 1 ? "a row is" : fmt::format("{} rows are", locked.size()), holder));
}

template <typename Outcome>
std::vector<Outcome> ColumnSink::persist(
    std::vector<Outcome> (WriteSession::*step)(const AnswerChunk& chunk),
    const AnswerChunk& chunk) {
  const auto dims = static_cast<std::size_t>(m_task.request.dims);
  if (chunk.dims != dims || chunk.values.size() != chunk.size() * dims)
    throw Error(
        ErrorKind::internal,
        fmt::format("a chunk of width {} was to be written as width {}", chunk.dims, dims));
  if (chunk.size() == 0)
    return {};

  std::vector<Outcome> outcomes;
  retry_while_away(m_clock, m_options.retry_timeout, m_options.progress, [&] {
    try {
      auto session = take_session();
      outcomes = (*session.*step)(chunk);
      const std::lock_guard lock(m_mutex);
      m_idle.push_back(std::move(session));
    } catch (const Error&) {
      const std::lock_guard lock(m_mutex);
      m_idle.clear(); // whatever ended this session may have ended them
      throw;
    }
  });
  return outcomes;
}

std::unique_ptr<WriteSession> ColumnSink::take_session() {
  {
    const std::lock_guard lock(m_mutex);
    if (!m_idle.empty()) {
      auto session = std::move(m_idle.back());
      m_idle.pop_back();
      return session;
    }
  }
  return std::make_unique<WriteSession>(
      m_conninfo, m_task, m_options.overwrite, m_options.statement_timeout, watch());
}

} // namespace embedctl::pg
