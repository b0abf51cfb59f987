#pragma once

#include "core/row_source.hpp"
#include "pg/names.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace embedctl::pg {

class Connection;

// Keys that a selection leaves out, in a temporary table of the open transaction. Made only when
// there is a first key, because a standby and a read-only transaction can have no such table.
class InFlightTable {
public:
  InFlightTable(Connection& connection, const std::vector<InFlight>& holders);

  bool empty() const { return m_empty; }

  // A condition on t, beginning with AND, that leaves the rows out; "" when there are none.
  std::string leave_out_sql(const Names& names) const;

  // For each holder the rows left out, among those that meet `condition` on t. A key that two
  // holders have counts for the first.
  std::vector<std::uint64_t> count_left_out(const Names& names, const std::string& condition);

private:
  void load(const std::vector<InFlight>& holders);
  void create();

  Connection& m_connection;
  std::size_t m_holders;
  bool m_empty = true;
};

} // namespace embedctl::pg
