#pragma once

#include "base/secret.hpp"
#include "core/row_source.hpp"
#include "core/task.hpp"

namespace embedctl::pg {

// Each call opens its own connection and closes it, because hours may pass until the next.
class TableSource : public RowSource {
public:
  TableSource(Secret conninfo, Task task);

  void check() override;
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
};

} // namespace embedctl::pg
