#pragma once

#include "base/secret.hpp"
#include "core/clock.hpp"
#include "core/entity.hpp"
#include "core/progress_sink.hpp"
#include "core/vector_sink.hpp"
#include "pg/write_session.hpp"

#include <chrono>
#include <memory>
#include <mutex>
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

// Connects at the first write, once for each thread that writes at the same time. A chunk whose
// COMMIT was not answered is simply written again: its rows then hold our vectors already, and
// count as written.
class VectorSink : public embedctl::VectorSink {
public:
  VectorSink(Secret conninfo, Entity entity, Clock& clock, VectorSinkOptions options = {});

  // Throws Error{unreachable} when the retries are used up, and Error{database} for what no retry
  // can mend; nothing of the chunk is written then, unless the connection was lost at COMMIT.
  std::vector<RowState> write(const VectorChunk& chunk) override;
  std::vector<RowState> examine(const VectorChunk& chunk) override;

private:
  using Work = std::vector<RowState> (WriteSession::*)(const VectorChunk& chunk);

  // Has it done by an idle session or a new one, again and again while only the database is away.
  std::vector<RowState> persist(Work work, const VectorChunk& chunk);
  std::unique_ptr<WriteSession> take_session();

  const Secret m_conninfo;
  const Entity m_entity;
  const VectorSinkOptions m_options;
  Clock& m_clock;
  std::mutex m_mutex;
  std::vector<std::unique_ptr<WriteSession>> m_idle;
};

} // namespace embedctl::pg
