#pragma once

#include "core/task.hpp"
#include "core/index_keeper.hpp"
#include "pg/index_cost.hpp"

namespace embedctl::pg {

class Connection;

// To be called in a transaction, of which it sets the search path: definitions are then told with
// all names in full, and can be compared.
IndexSurvey survey_indexes(Connection& connection, const Task& task);

ServerMemory server_memory(Connection& connection);

} // namespace embedctl::pg
