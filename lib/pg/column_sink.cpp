#include "pg/column_sink.hpp"

#include "base/error.hpp"
#include "pg/retry.hpp"

#include <utility>

#include <fmt/format.h>

namespace embedctl::pg {

ColumnSink::ColumnSink(Secret conninfo, Task task, Clock& clock, ColumnSinkOptions options)
    : m_conninfo(std::move(conninfo)),
      m_task(std::move(task)),
      m_options(options),
      m_clock(clock) {}

std::vector<RowState> ColumnSink::write(const AnswerChunk& chunk) {
  return persist(&WriteSession::write, chunk);
}

std::vector<RowState> ColumnSink::examine(const AnswerChunk& chunk) {
  return persist(&WriteSession::examine, chunk);
}

std::vector<RowState> ColumnSink::persist(Step step, const AnswerChunk& chunk) {
  const auto dims = static_cast<std::size_t>(m_task.request.dims);
  if (chunk.dims != dims || chunk.values.size() != chunk.size() * dims)
    throw Error(
        ErrorKind::internal,
        fmt::format("a chunk of width {} was to be written as width {}", chunk.dims, dims));
  if (chunk.size() == 0)
    return {};

  std::vector<RowState> states;
  retry_while_away(m_clock, m_options.retry_timeout, m_options.progress, [&] {
    try {
      auto session = take_session();
      states = (*session.*step)(chunk);
      const std::lock_guard lock(m_mutex);
      m_idle.push_back(std::move(session));
    } catch (const Error&) {
      const std::lock_guard lock(m_mutex);
      m_idle.clear(); // whatever ended this session may have ended them
      throw;
    }
  });
  return states;
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
      m_conninfo, m_task, m_options.overwrite, m_options.statement_timeout);
}

} // namespace embedctl::pg
