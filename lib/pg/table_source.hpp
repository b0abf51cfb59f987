#pragma once

#include "base/secret.hpp"
#include "core/row_source.hpp"
#include "core/task.hpp"
#include "pg/connection.hpp"

namespace embedctl::pg {

// Each call opens its own connection and closes it, because hours may pass until the next.
class TableSource : public RowSource {
public:
  TableSource(Secret conninfo, Task task, Watch watch = {});

  void check() override;
  void check_writable(const RowSet& rows) override;
  DatabaseIdentity identity() override;
  std::string table() override;
  std::shared_ptr<const void> hold(const RowSet& rows) override;
  RowSetState look(const RowSet& rows) override;
  RowSetCounts count(const RowSet& rows) override;
  std::vector<std::uint64_t>
  select(const Selection& selection, const std::function<void(const SourceRow&)>& take) override;
  UnchangedCounts count_unchanged(
      std::span<const std::string> keys, std::span<const Fingerprint> fingerprints) override;

private:
  Secret m_conninfo;
  Task m_task;
  Watch m_watch;
};

} // namespace embedctl::pg
