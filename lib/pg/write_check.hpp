#pragma once

#include "core/task.hpp"
#include "pg/inspect.hpp"

#include <string>

namespace embedctl::pg {

class Connection;

// Throws Error{database} where answers for rows that meet the condition `due` on t could not be
// written: on a standby or in a read-only session, or where the UPDATE, or a policy, is refused.
// Where policies apply, one row is updated and rolled back; nothing is changed.
void check_writable(
    Connection& connection, const Task& task, const TableShape& shape, const std::string& due);

// The first of these alone.
void refuse_standby(Connection& connection);

} // namespace embedctl::pg
