#pragma once

#include "core/row_source.hpp"
#include "pg/names.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace embedctl::pg {

class Connection;

// Keys that a selection skips, in a temporary table of the open transaction. Created only with the
// first key, because a standby or a read-only transaction cannot have one.
class InFlightTable {
public:
  InFlightTable(Connection& connection, const std::vector<InFlight>& holders);

  bool empty() const { return m_empty; }

  // A condition on t, starting with AND, that skips the rows; "" if there are none.
  std::string leave_out_sql(const Names& names) const;

  // Rows skipped per holder, among those that match `condition` on t. A key with two holders counts
  // for the first.
  std::vector<std::uint64_t> count_left_out(const Names& names, const std::string& condition);

private:
  void load(const std::vector<InFlight>& holders);
  void create();

  Connection& m_connection;
  std::size_t m_holders;
  bool m_empty = true;
};

} // namespace embedctl::pg
