#pragma once

#include "base/secret.hpp"
#include "core/progress_sink.hpp"
#include "pg/connection.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace embedctl::pg {

// Tells how far the server is with an index that another session builds. A server that does not
// say, or has no connection left for the question, is not asked again: the build goes on.
class IndexProgress {
public:
  IndexProgress(
      const Secret& conninfo,
      std::string builder, // the session's process id
      std::uint64_t rows,
      ProgressSink& progress);
  ~IndexProgress();
  IndexProgress(const IndexProgress&) = delete;
  IndexProgress& operator=(const IndexProgress&) = delete;

  void ask();

private:
  void tell(const Result& answer);

  const Secret& m_conninfo;
  std::string m_builder;
  std::uint64_t m_rows;
  ProgressSink& m_progress;
  std::optional<Connection> m_connection;
  bool m_silent = false;
  std::uint64_t m_done = 0;
  std::string m_phase;
};

} // namespace embedctl::pg
