#pragma once

#include "base/secret.hpp"
#include "core/entity.hpp"
#include "core/row_source.hpp"

namespace embedctl::pg {

// Each call has a connection of its own and leaves nothing open, because hours may pass until the
// next one.
class RowSource : public embedctl::RowSource {
public:
  RowSource(Secret conninfo, Entity entity);

  void check() override;
  DatabaseIdentity identity() override;
  std::shared_ptr<const void> hold(const std::string& scope) override;
  ScopeState look(const std::string& scope) override;
  ScopeCounts count(const std::string& scope) override;
  std::vector<std::uint64_t>
  select(const Selection& selection, const std::function<void(const SourceRow&)>& take) override;
  std::uint64_t
  count_open(std::span<const std::string> keys, std::span<const Fingerprint> fingerprints) override;

private:
  Secret m_conninfo;
  Entity m_entity;
};

} // namespace embedctl::pg
