#pragma once

#include "base/secret.hpp"
#include "core/clock.hpp"
#include "core/task.hpp"
#include "core/index_keeper.hpp"
#include "core/progress_sink.hpp"
#include "pg/connection.hpp"

#include <chrono>
#include <string_view>

namespace embedctl::pg {

struct IndexKeeperOptions {
  // How long to go on while the database is away, or others hold the table that an index is to be
  // built for.
  std::chrono::milliseconds retry_timeout = std::chrono::minutes{5};

  // How long one attempt waits for a lock. Whoever wants to use the table meanwhile waits as well.
  std::chrono::milliseconds lock_timeout = std::chrono::seconds{5};
};

// Each call has a connection of its own and leaves nothing open.
class IndexKeeper : public embedctl::IndexKeeper {
public:
  IndexKeeper(
      Secret conninfo,
      Task task,
      Clock& clock,
      ProgressSink& progress,
      IndexKeeperOptions options = {});

  IndexSurvey survey() override;
  std::uint64_t count_vectors() override;
  void drop(const Record& record) override;
  Rebuilt build(const VectorIndex& index) override;

private:
  // Begins a transaction that does not wait longer for a lock than it may.
  std::string begin_sql() const;

  void drop_once(const Record& record);
  void lock_for_drop(Connection& connection);

  Rebuilt build_once(const VectorIndex& index, bool modestly);

  Secret m_conninfo;
  Task m_task;
  Clock& m_clock;
  ProgressSink& m_progress;
  IndexKeeperOptions m_options;
};

} // namespace embedctl::pg
