#pragma once

#include "base/secret.hpp"
#include "core/clock.hpp"
#include "core/index_keeper.hpp"
#include "core/progress_sink.hpp"
#include "pg/connection.hpp"

#include <cstdint>
#include <string>

namespace embedctl::pg {

// Builds one index within a transaction of the caller's, who has looked that it is not there.
class IndexBuild {
public:
  IndexBuild(
      Connection& connection,
      const Secret& conninfo, // for a second connection, which asks how far the server is
      Clock& clock,
      ProgressSink& progress);

  // `modestly`: in one process, and with no more memory than it must have.
  void
  run(const VectorIndex& index,
      const std::string& table, // as the server calls it
      const std::string& column,
      bool modestly);

private:
  void set(const char* name, const std::string& value);
  void set_memory_and_workers(const VectorIndex& index, std::uint64_t rows, bool modestly);
  void create(const VectorIndex& index, std::uint64_t rows);

  Connection& m_connection;
  const Secret& m_conninfo;
  Clock& m_clock;
  ProgressSink& m_progress;
};

} // namespace embedctl::pg
