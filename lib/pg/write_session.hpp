#pragma once

#include "base/secret.hpp"
#include "core/entity.hpp"
#include "core/rows.hpp"
#include "pg/connection.hpp"
#include "pg/inspect.hpp"

#include <chrono>
#include <cstddef>
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
      const Entity& entity,
      bool overwrite,
      std::chrono::seconds statement_timeout);

  // As VectorSink has them, without a second attempt.
  std::vector<RowState> write(const VectorChunk& chunk);
  std::vector<RowState> examine(const VectorChunk& chunk);

private:
  // A part of a chunk, as large as one statement takes.
  struct Slice {
    std::size_t begin;
    std::size_t size;
  };

  // Runs the statement over the chunk, slice by slice; rows it does not mention are pending.
  std::vector<RowState> execute(const std::string& sql, const VectorChunk& chunk);

  // The same over the rows of the chunk that are still pending in `states`.
  void execute_for_pending(
      const std::string& sql, const VectorChunk& chunk, std::vector<RowState>& states);

  void encode(const VectorChunk& chunk, Slice slice);

  Connection m_connection;
  TableShape m_shape;
  std::string m_begin_sql;
  std::string m_update_sql;
  std::string m_classify_sql;

  // Reused from statement to statement.
  std::string m_keys;
  std::string m_fingerprints;
  std::string m_vectors;
};

} // namespace embedctl::pg
