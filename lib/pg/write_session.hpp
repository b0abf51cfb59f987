#pragma once

#include "base/secret.hpp"
#include "core/answer_sink.hpp"
#include "core/task.hpp"
#include "core/rows.hpp"
#include "pg/connection.hpp"
#include "pg/error.hpp"
#include "pg/inspect.hpp"
#include "pg/write_sql.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace embedctl::pg {

// A connection that writes vectors into one table's column. One that threw is of no use any more:
// nothing is known of its transaction.
class WriteSession {
public:
  // A statement timeout of zero leaves it as the server is configured.
  WriteSession(
      const Secret& conninfo,
      const Task& task,
      bool overwrite,
      std::chrono::seconds statement_timeout,
      Watch watch = {});

  // As AnswerSink has them, without a second attempt.
  std::vector<RowOutcome> write(const AnswerChunk& chunk);
  std::vector<RowState> examine(const AnswerChunk& chunk);

private:
  using Rows = std::span<const std::size_t>;

  std::string begin_sql(const char* lock_timeout) const;

  // All rows in a few statements; false where one row needs care, and nothing is written then.
  bool write_at_once(const AnswerChunk& chunk, std::vector<RowOutcome>& outcomes);

  // Row by row where it must be: leaves locked rows pending, and finds the rows that the database
  // refuses.
  void write_with_care(const AnswerChunk& chunk, std::vector<RowOutcome>& outcomes);
  std::vector<std::size_t> lock(const AnswerChunk& chunk, std::vector<RowOutcome>& outcomes);
  template <typename Work>
  std::optional<Refusal> attempt(const Work& work);
  bool is_hidden(const AnswerChunk& chunk, std::size_t row);
  void write_range(const AnswerChunk& chunk, Rows rows, std::vector<RowOutcome>& outcomes);

  // Updates the rows of the chunk that are pending in `states`, and notes what became of them:
  // failed where the database changed what was written, pending where it did nothing.
  void update(const AnswerChunk& chunk, std::vector<RowState>& states);

  // Runs the statement over the rows of the chunk that are pending in `states`, slice by slice, and
  // notes what it says of them.
  void execute(const std::string& sql, const AnswerChunk& chunk, std::vector<RowState>& states);

  // Into the parameters of a statement.
  void encode(const AnswerChunk& chunk, Rows rows);

  Connection m_connection;
  Task m_task;
  TableShape m_shape;
  std::chrono::seconds m_statement_timeout;
  WriteSql m_sql;

  // Reused from statement to statement.
  std::string m_keys;
  std::string m_fingerprints;
  std::string m_vectors;
  AnswerChunk m_gathered;
};

} // namespace embedctl::pg
