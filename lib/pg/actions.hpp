#pragma once

#include "pg/inspect.hpp"

#include <string>

namespace embedctl::pg {

class Connection;

// What of the table acts on an update: triggers and rules, also those of its partitions and of what
// inherits from it, and row-level security. Of a view it is not known what it does to its tables.
void read_actions(
    Connection& connection, const std::string& table_oid, bool is_view, TableShape& shape);

} // namespace embedctl::pg
