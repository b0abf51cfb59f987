#pragma once

#include "base/secret.hpp"
#include "core/clock.hpp"
#include "core/task.hpp"
#include "core/progress_sink.hpp"
#include "core/answer_sink.hpp"
#include "pg/write_session.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

namespace embedctl::pg {

struct ColumnSinkOptions {
  bool overwrite = false; // rows that have a vector already get ours all the same

  // How long the server may work on one statement; zero keeps the server's setting.
  std::chrono::seconds statement_timeout{0};

  // How long a chunk is tried again while the database is away, restarts or has a conflict.
  std::chrono::milliseconds retry_timeout = std::chrono::minutes{5};

  // Told why a chunk is retried, and who has rows locked; may be empty.
  ProgressSink* progress = nullptr;

  // Ends a wait for the server; may be empty.
  const StopFlag* stop = nullptr;
};

// Connects at the first write, once for each thread that writes at the same time. A chunk whose
// COMMIT was not answered is simply written again: its rows then hold our vectors already, and
// count as written.
class ColumnSink : public AnswerSink {
public:
  ColumnSink(Secret conninfo, Task task, Clock& clock, ColumnSinkOptions options = {});

  // Throws Error{unreachable} when the retries are used up, and Error{database} for what no retry
  // can mend; nothing of the chunk is written then, unless the connection was lost at COMMIT.
  std::vector<RowOutcome> write(const AnswerChunk& chunk) override;
  std::vector<RowState> examine(const AnswerChunk& chunk) override;

private:
  // Has it done by an idle session or a new one, again and again while only the database is away.
  template <typename Outcome>
  std::vector<Outcome> persist(
      std::vector<Outcome> (WriteSession::*step)(const AnswerChunk& chunk),
      const AnswerChunk& chunk);
  std::unique_ptr<WriteSession> take_session();
  Watch watch() const { return {m_options.stop, m_options.progress}; }

  // Names who has a row of the chunk locked, once for each of them.
  void tell_locked(const AnswerChunk& chunk, const std::vector<RowOutcome>& outcomes);

  const Secret m_conninfo;
  const Task m_task;
  const ColumnSinkOptions m_options;
  Clock& m_clock;
  std::mutex m_mutex;
  std::vector<std::unique_ptr<WriteSession>> m_idle;
  std::string m_told; // who had a row locked
};

} // namespace embedctl::pg
