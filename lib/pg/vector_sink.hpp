#pragma once

#include "base/secret.hpp"
#include "core/clock.hpp"
#include "core/entity.hpp"
#include "core/progress_sink.hpp"
#include "core/vector_sink.hpp"
#include "pg/connection.hpp"
#include "pg/inspect.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace embedctl::pg {

struct VectorSinkOptions {
  bool overwrite = false; // rows that have a vector already get ours all the same

  // How long the server may work on one statement; zero: as it is configured itself.
  std::chrono::seconds statement_timeout{0};

  // How long a chunk is tried again while the database is away, restarts or has a conflict.
  std::chrono::milliseconds retry_timeout = std::chrono::minutes{5};

  // Is told why a chunk is tried again; nobody is where there is none.
  ProgressSink* progress = nullptr;
};

// Connects at the first write. A chunk whose COMMIT was not answered is simply written again: its
// rows then hold our vectors already, and count as written.
class VectorSink : public embedctl::VectorSink {
public:
  VectorSink(Secret conninfo, Entity entity, Clock& clock, VectorSinkOptions options = {});

  // Throws Error{unreachable} when the retries are used up, and Error{database} for what no retry
  // can mend; nothing of the chunk is written then, unless the connection was lost at COMMIT.
  std::vector<RowState> write(const VectorChunk& chunk) override;
  std::vector<RowState> examine(const VectorChunk& chunk) override;

private:
  // A part of a chunk, as large as one statement takes.
  struct Slice {
    std::size_t begin;
    std::size_t size;
  };

  using Attempt = std::vector<RowState> (VectorSink::*)(const VectorChunk& chunk);

  // Connects where needed and makes the attempt, again and again while only the database is away.
  std::vector<RowState> persist(Attempt attempt, const VectorChunk& chunk);

  void connect();
  std::vector<RowState> examine_once(const VectorChunk& chunk);
  std::vector<RowState> write_once(const VectorChunk& chunk);

  // Runs the statement over the chunk, slice by slice; rows it does not mention are pending.
  std::vector<RowState> execute(const std::string& sql, const VectorChunk& chunk);

  // The same over the rows of the chunk that are still pending in `states`.
  void execute_for_pending(
      const std::string& sql, const VectorChunk& chunk, std::vector<RowState>& states);

  void encode(const VectorChunk& chunk, Slice slice);

  const Secret m_conninfo;
  const Entity m_entity;
  const VectorSinkOptions m_options;
  Clock& m_clock;

  std::optional<Connection> m_connection;
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
