#pragma once

#include "base/secret.hpp"
#include "core/task.hpp"
#include "core/rows.hpp"
#include "pg/connection.hpp"
#include "pg/inspect.hpp"

#include <chrono>
#include <cstddef>
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
      std::chrono::seconds statement_timeout);

  // As AnswerSink has them, without a second attempt.
  std::vector<RowState> write(const AnswerChunk& chunk);
  std::vector<RowState> examine(const AnswerChunk& chunk);

private:
  // Runs the statement over the rows of the chunk that are pending in `states`, slice by slice, and
  // notes what it says of them.
  void execute(const std::string& sql, const AnswerChunk& chunk, std::vector<RowState>& states);

  // Into the parameters of a statement.
  void encode(const AnswerChunk& chunk, std::span<const std::size_t> rows);

  Connection m_connection;
  TableShape m_shape;
  std::string m_begin_sql;
  std::string m_update_sql;
  std::string m_classify_sql;
  std::string m_examine_sql;

  // Reused from statement to statement.
  std::string m_keys;
  std::string m_fingerprints;
  std::string m_vectors;
  AnswerChunk m_gathered;
};

} // namespace embedctl::pg
