#pragma once

#include "base/secret.hpp"
#include "core/clock.hpp"
#include "core/task.hpp"
#include "core/index_keeper.hpp"
#include "core/progress_sink.hpp"
#include "pg/connection.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace embedctl::pg {

struct TableIndexesOptions {
  // How long to retry while the database is away, or others hold the table that an index is to be
  // built for.
  std::chrono::milliseconds retry_timeout = std::chrono::minutes{5};

  // How long one attempt waits for a lock. Whoever wants to use the table meanwhile waits as well.
  std::chrono::milliseconds lock_timeout = std::chrono::seconds{5};
};

// The HNSW and IVFFlat indexes of a task's target column. Each call has a connection of its own and
// leaves nothing open.
class TableIndexes : public IndexKeeper {
public:
  TableIndexes(
      Secret conninfo,
      Task task,
      Clock& clock,
      ProgressSink& progress,
      TableIndexesOptions options = {});

  IndexSurvey survey() override;
  std::uint64_t count_vectors() override;
  void drop(const Record& record) override;
  Rebuilt build(const VectorIndex& index) override;

private:
  void retry(const std::function<void()>& attempt) const;
  std::uint64_t
  count(Connection& connection, const std::string& table, std::string_view doing) const;
  void drop_once(const Record& record) const;
  void lock_for_drop(Connection& connection) const;
  Rebuilt build_once(const VectorIndex& index, bool modestly) const;

  Secret m_conninfo;
  Task m_task;
  Clock& m_clock;
  ProgressSink& m_progress;
  TableIndexesOptions m_options;
};

} // namespace embedctl::pg
